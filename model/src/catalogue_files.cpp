// The catalogue's files, compiled in so that an installed library needs none (designs.inc is made
// from model/designs/*.json by CMake).
#include <string>
#include <utility>
#include <vector>

namespace natbound {

const std::vector<std::pair<std::string, std::string>>& catalogue_files();
const std::vector<std::pair<std::string, std::string>>& catalogue_files() {
    static const std::vector<std::pair<std::string, std::string>> files = {
#include "designs.inc"
    };
    return files;
}

}  // namespace natbound
