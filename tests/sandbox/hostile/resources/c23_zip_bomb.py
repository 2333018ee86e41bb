"""Case 23: a zip bomb, unpacked to the disk.

Attacks: the disk.
Must hold: no more than `Limits.disk_mb` is kept (in lockdown: as found by a look every twentieth of a second).
"""

import io
import zipfile

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("bomb", bytes(4 << 20))
print("before", len(packed.getvalue()))
with zipfile.ZipFile(packed) as archive:
    for number in range(60):
        with open(f"bomb{number}", "wb") as file:
            file.write(archive.read("bomb"))
print("ESCAPED:unpacked")
