"""What a site, or a domain of patient numbers, may be called: it stands in file names, tables and reports."""

import re
from typing import Final

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
RULE: Final = "a name has at most 32 lower-case letters, digits, - and _, and starts with a letter or digit"
