"""`python3 -m host COMMAND`: see README.md beside this file."""

from __future__ import annotations

import os
import sys

from host import paths, setup


def main() -> None:
	command = sys.argv[1] if len(sys.argv) > 1 else "help"
	if command == "setup":
		setup.setup(with_assets="--no-assets" not in sys.argv)
		setup.say("ready")
	elif command == "lock":
		setup.update_lock()
	elif command in ("help", "-h", "--help"):
		print((paths.HOST / "README.md").read_text())
	else:
		if os.environ.get("HOST_IN_VENV") != str(paths.ROOT):
			setup.setup()
			env = {**os.environ, "HOST_IN_VENV": str(paths.ROOT), "PYTHONPATH": str(paths.ROOT)}
			os.execve(paths.PYTHON, [str(paths.PYTHON), "-m", "host", *sys.argv[1:]], env)
		from host import cli

		cli.main(sys.argv[1:])


if __name__ == "__main__":
	main()
