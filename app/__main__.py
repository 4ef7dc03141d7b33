"""The `makegood` command; also `python -m app`."""

from app.cli import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="makegood")


if __name__ == "__main__":
    main()
