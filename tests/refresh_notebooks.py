"""Run all notebooks again and store what they show: `python -m tests.refresh_notebooks`."""

from tests.notebook_outputs import NOTEBOOKS, executed, read, shown, write


def main() -> None:
    """Refresh each notebook, and say which shows something else now."""
    for path in NOTEBOOKS:
        stored = read(path)
        fresh = executed(stored)
        print(f"{path.name}: {'unchanged' if shown(fresh) == shown(stored) else 'refreshed'}")
        write(fresh, path)


if __name__ == "__main__":
    main()
