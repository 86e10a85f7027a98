"""The whole product on one machine: brokers, emulator, stand-in, build, deployment and pollers."""

import sys
from pathlib import Path

# The toolkit is a layer, and no package of the environment. `make` has it on its path; a person's own `python -m local`
# has not.
sys.path.append(str(Path(__file__).resolve().parent.parent / "layers" / "msk_toolkit"))
