"""`python -m host.providers`: the providers as a process of their own, until it is told to stop."""

import argparse
import json
import signal
import threading

from host.providers import LocalProviders


def main() -> None:
	options = argparse.ArgumentParser(
		prog="host.providers",
		description="A mail server, an HTTP POST receiver and their inbox, on loopback.",
	)
	options.add_argument("--smtp-port", type=int, default=0, help="0: a free one")
	options.add_argument("--http-port", type=int, default=0, help="0: a free one")
	options.add_argument(
		"--pager-secret", action="append", help="whsec_...; may be repeated; without it, one is made"
	)
	options.add_argument(
		"--print-json", action="store_true", help="print the addresses as one line of JSON, for a program"
	)
	chosen = options.parse_args()

	stop = threading.Event()
	for number in (signal.SIGINT, signal.SIGTERM):
		signal.signal(number, lambda *_: stop.set())
	with LocalProviders(chosen.smtp_port, chosen.http_port, chosen.pager_secret) as providers:
		addresses = {
			"smtp_host": providers.smtp_address.host,
			"smtp_port": providers.smtp_address.port,
			"pager_url": providers.pager_url,
			"pager_secret": providers.pager_secret,
			"inbox_url": providers.inbox_url,
		}
		if chosen.print_json:
			print(json.dumps(addresses), flush=True)
		else:
			for name, value in addresses.items():
				print(f"{name:13} {value}", flush=True)
		stop.wait()


if __name__ == "__main__":
	main()
