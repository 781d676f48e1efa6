# `cmake --install` puts headers, libraries and the files of find_package(natbound) in place.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

function(natbound_install)
    get_property(folders GLOBAL PROPERTY natbound_libraries)
    set(there "${CMAKE_INSTALL_LIBDIR}/cmake/natbound")
    foreach(folder IN LISTS folders)
        install(TARGETS natbound_${folder} EXPORT natbound-targets COMPONENT development
                ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
        if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}/include")
            install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}/include/"
                    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
        endif()
    endforeach()
    install(EXPORT natbound-targets NAMESPACE natbound:: DESTINATION "${there}"
            COMPONENT development)
    configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/natbound-config.cmake.in"
                                  "${PROJECT_BINARY_DIR}/natbound-config.cmake"
                                  INSTALL_DESTINATION "${there}")
    # Until 1.0 a minor version may break users.
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/natbound-config-version.cmake"
                                     COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/natbound-config.cmake"
                  "${PROJECT_BINARY_DIR}/natbound-config-version.cmake"
                  "${PROJECT_SOURCE_DIR}/cmake/natbound-dependencies.cmake"
            DESTINATION "${there}" COMPONENT development)
endfunction()
