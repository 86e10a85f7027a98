"""Write down the checksums of the jars of Apache Kafka versions: ``python -m local.kafka VERSION ...``."""

import sys
import tempfile
from pathlib import Path

from local.kafka.checksums import file_of, write
from local.kafka.jars import download


def main() -> int:
    """Returns the exit status."""
    for version in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            write(version, download(version, Path(folder), print))
        print(file_of(version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
