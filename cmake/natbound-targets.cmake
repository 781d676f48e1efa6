# One library a folder: <folder>/include is public, <folder>/src/*.cpp is compiled.

# Warnings and sanitizers for our own code; dependencies are system includes.
function(natbound_options target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                             $<$<BOOL:${NATBOUND_WERROR}>:-Werror>)
    # After inlining, GCC 12 warns of overlaps within std::string (gcc.gnu.org/PR105651) and of
    # bounds within boost::multiprecision; both concern code of others and are not so.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE -Wno-restrict -Wno-array-bounds
                                                 -Wno-stringop-overflow -Wno-stringop-overread)
    endif()
    if(NATBOUND_SANITIZE)
        set(flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_compile_options(${target} PRIVATE ${flags})
        target_link_options(${target} PUBLIC ${flags})
    endif()
endfunction()

# natbound_precompile(<target> <owner> [<header>...]): reading Boost's headers takes half of the time
# of most files, so they are read once: by <owner>, the first target that asks, for all that name it.
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON does without.
function(natbound_precompile target owner)
    if(target STREQUAL owner OR NOT TARGET ${owner})
        target_precompile_headers(${target} PRIVATE <boost/describe.hpp> <boost/json.hpp>
                                  <boost/mp11.hpp> <boost/multiprecision/cpp_int.hpp> ${ARGN})
    else()
        target_precompile_headers(${target} REUSE_FROM ${owner})
    endif()
    # ccache needs this, and CCACHE_SLOPPINESS=pch_defines,time_macros.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()

# natbound_library(<folder> <what its headers need>...) makes natbound_<folder>, alias natbound::<folder>.
# A folder without sources is an interface library, so that headers alone are a start.
function(natbound_library folder)
    set(target natbound_${folder})
    set(home "${PROJECT_SOURCE_DIR}/${folder}")
    file(GLOB sources CONFIGURE_DEPENDS "${home}/src/*.cpp")
    if(sources)
        add_library(${target} STATIC ${sources})
        set(scope PUBLIC)
        natbound_options(${target})
        target_include_directories(${target} PRIVATE "${home}/src")
        natbound_precompile(${target} natbound_model)
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
        target_compile_features(${target} INTERFACE cxx_std_20)
    endif()
    add_library(natbound::${folder} ALIAS ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder})
    target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${home}/include>
                                                  $<INSTALL_INTERFACE:include>)
    target_link_libraries(${target} ${scope} ${ARGN})
    set_property(GLOBAL APPEND PROPERTY natbound_libraries ${folder})
endfunction()

# natbound_private(<folder> <library>): needed by its sources, unknown to its headers and users.
function(natbound_private folder library)
    get_target_property(type natbound_${folder} TYPE)
    if(NOT type STREQUAL INTERFACE_LIBRARY)
        target_link_libraries(natbound_${folder} PRIVATE ${library})
    endif()
endfunction()

# natbound_embed(<folder> <data>): <folder>/<data>/*.json become `<data>.inc` for <folder>'s sources:
# lines {"name", R"json(...)json"}, one a file, in the order of the names. An installed library so
# needs no data files.
function(natbound_embed folder data)
    get_target_property(type natbound_${folder} TYPE)
    if(type STREQUAL INTERFACE_LIBRARY)
        return()
    endif()
    file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/${data}/*.json")
    list(SORT files)
    set(text "")
    foreach(file IN LISTS files)
        get_filename_component(name "${file}" NAME_WLE)
        file(READ "${file}" content)
        string(APPEND text "{\"${name}\", R\"json(${content})json\"},\n")
    endforeach()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
    set(out "${PROJECT_BINARY_DIR}/embedded/${folder}")
    file(GENERATE OUTPUT "${out}/${data}.inc" CONTENT "${text}")
    target_include_directories(natbound_${folder} PRIVATE "${out}")
endfunction()
