"""iPhone Notification: the notifier, its two ways (Web Push and FCM), and the devices of people."""
