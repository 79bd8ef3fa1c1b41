"""`python -m tests.judges`: install them, so that their tests aren't skipped."""

from tests.judges import install

if __name__ == "__main__":
	print(install())
