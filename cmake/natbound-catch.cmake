# natbound_catch: Catch2 with its main(). v3 where installed, else the single file of
# NATBOUND_CATCH_DIR (tests/run fetches it), else v2, whose main() is made here.
set(NATBOUND_CATCH_DIR "" CACHE PATH "Folder of catch_amalgamated.hpp and .cpp")

add_library(natbound_catch INTERFACE)
find_package(Catch2 3 QUIET)
if(TARGET Catch2::Catch2WithMain)
    target_link_libraries(natbound_catch INTERFACE Catch2::Catch2WithMain)
elseif(NATBOUND_CATCH_DIR)
    add_library(natbound_catch_main STATIC "${NATBOUND_CATCH_DIR}/catch_amalgamated.cpp")
    target_include_directories(natbound_catch_main SYSTEM PUBLIC "${NATBOUND_CATCH_DIR}")
    target_link_libraries(natbound_catch INTERFACE natbound_catch_main)
else()
    find_path(NATBOUND_CATCH2_V2_DIR catch2/catch.hpp)
    if(NOT NATBOUND_CATCH2_V2_DIR)
        message(FATAL_ERROR "The C++ tests need Catch2, v3 or v2 (Debian: catch2), or "
                            "-DNATBOUND_CATCH_DIR=<folder of catch_amalgamated.hpp and .cpp>.")
    endif()
    file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/catch_main.cpp"
         CONTENT "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
    add_library(natbound_catch_main STATIC "${CMAKE_CURRENT_BINARY_DIR}/catch_main.cpp")
    target_include_directories(natbound_catch_main SYSTEM PUBLIC "${NATBOUND_CATCH2_V2_DIR}")
    target_link_libraries(natbound_catch INTERFACE natbound_catch_main)
endif()

if(TARGET natbound_catch_main)
    target_compile_options(natbound_catch_main PRIVATE -O0)  # half a minute otherwise
endif()
