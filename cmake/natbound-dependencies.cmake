# Finds Z3 and Boost's headers, wherever they are: natbound::z3 and natbound::boost.
#
# Looked for, in this order:
#   1. -DNATBOUND_Z3_INCLUDE_DIR, -DNATBOUND_Z3_LIBRARY, -DNATBOUND_BOOST_INCLUDE_DIR, CMAKE_PREFIX_PATH;
#   2. the wheels z3-solver and boost-headers of the Python in use (-DPython_EXECUTABLE, else the
#      active virtual environment, else python3): no root needed;
#   3. the system's own (Debian: libz3-dev, libboost1.81-dev).
# The installed package reads this same file, so that its users look in the same places.

# A plain C++ build does without Python; then 1 and 3 remain.
find_package(Python 3.10 QUIET COMPONENTS Interpreter)
set(natbound_wheels "")
if(Python_Interpreter_FOUND)
    # find_spec reads no module: importing z3 would load its library. It also sees the
    # environment that pip makes for a build, which is not in site-packages.
    execute_process(
        COMMAND "${Python_EXECUTABLE}" -c [[
from importlib.util import find_spec
for name in ("z3", "boost_headers"):
    spec = find_spec(name)
    for place in (spec and spec.submodule_search_locations) or ():
        print(place)
]]
        OUTPUT_VARIABLE natbound_wheels OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    string(REPLACE "\n" ";" natbound_wheels "${natbound_wheels}")
endif()

find_path(NATBOUND_Z3_INCLUDE_DIR z3++.h HINTS ${natbound_wheels} PATH_SUFFIXES include z3)
find_library(NATBOUND_Z3_LIBRARY z3 HINTS ${natbound_wheels} PATH_SUFFIXES lib bin)
find_path(NATBOUND_BOOST_INCLUDE_DIR boost/version.hpp HINTS ${natbound_wheels}
          PATH_SUFFIXES include)
mark_as_advanced(NATBOUND_Z3_INCLUDE_DIR NATBOUND_Z3_LIBRARY NATBOUND_BOOST_INCLUDE_DIR)

if(NOT NATBOUND_Z3_INCLUDE_DIR OR NOT NATBOUND_Z3_LIBRARY)
    message(FATAL_ERROR "natbound needs Z3 (headers and library). Without root: "
                        "python3 -m venv v && v/bin/pip install z3-solver, then "
                        "-DPython_EXECUTABLE=$PWD/v/bin/python; on Debian: libz3-dev.")
endif()

# Describe came with 1.77; 1.81 is the oldest that the tests have seen.
set(natbound_boost_version 0)
if(NATBOUND_BOOST_INCLUDE_DIR)
    file(STRINGS "${NATBOUND_BOOST_INCLUDE_DIR}/boost/version.hpp" natbound_boost_version
         REGEX "^#define BOOST_VERSION [0-9]+")
    string(REGEX REPLACE "[^0-9]" "" natbound_boost_version "${natbound_boost_version}")
endif()
if(natbound_boost_version LESS 108100)
    message(FATAL_ERROR "natbound needs Boost's headers, 1.81 or later "
                        "(found: '${NATBOUND_BOOST_INCLUDE_DIR}', ${natbound_boost_version}). "
                        "Without root: python3 -m venv v && v/bin/pip install boost-headers, then "
                        "-DPython_EXECUTABLE=$PWD/v/bin/python.")
endif()

if(NOT TARGET natbound::z3)
    add_library(natbound::z3 UNKNOWN IMPORTED)
    set_target_properties(natbound::z3 PROPERTIES
        IMPORTED_LOCATION "${NATBOUND_Z3_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${NATBOUND_Z3_INCLUDE_DIR}")
endif()
if(NOT TARGET natbound::boost)
    add_library(natbound::boost INTERFACE IMPORTED)
    set_target_properties(natbound::boost PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${NATBOUND_BOOST_INCLUDE_DIR}")
endif()
