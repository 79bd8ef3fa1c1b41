"""What people do to an action item, a file each; `catalog` is the one list of them."""
