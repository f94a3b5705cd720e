"""Where GeoDjango finds GDAL and GEOS: in the wheels of pyogrio and shapely.

A machine that serves the web needs no system geography library. The wheels
rename their shared objects at each release, hence the glob. pyogrio must be
imported *before* Django loads GDAL: otherwise it no longer finds its own data
files ("Could not correctly detect GDAL data files").
"""

import os
from pathlib import Path

import pyogrio
import shapely


def _shared_object(package_file: str, folder: str, pattern: str) -> str:
    libraries = Path(package_file).parent.parent / folder
    found = sorted(libraries.glob(pattern))
    if not found:
        raise RuntimeError(
            f"{pattern} is not in {libraries}: reinstall the wheel, or set "
            "GDAL_LIBRARY_PATH and GEOS_LIBRARY_PATH to the system's libraries."
        )
    return str(found[0])


def gdal_library_path() -> str:
    """Path of libgdal: `GDAL_LIBRARY_PATH` if set, else the one in pyogrio's wheel."""
    return os.environ.get("GDAL_LIBRARY_PATH") or _shared_object(
        pyogrio.__file__, "pyogrio.libs", "libgdal*.so*"
    )


def geos_library_path() -> str:
    """Path of libgeos_c: `GEOS_LIBRARY_PATH` if set, else the one in shapely's wheel."""
    return os.environ.get("GEOS_LIBRARY_PATH") or _shared_object(
        shapely.__file__, "shapely.libs", "libgeos_c*.so*"
    )
