"""Case 33: output that is no UTF-8, with NUL, escape sequences and a cut-off character.

Attacks: a reader that decodes strictly; the terminal of whoever prints it raw.
Must hold: the output arrives as text, bad bytes replaced.
"""

import os

os.write(1, b"begin\xff\xfe\x00\x1b[2J\x1b]0;title\x07\r\n\xed\xa0\x80\xf0\x9f")
