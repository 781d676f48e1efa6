#pragma once
// Blocks on demand under paired pooling: `what` of several addresses.
#include "kept_laws.hpp"

namespace natbound::calculator::detail {

dealt_answer dealt_paired(const block_dealing& what, kept_laws& seen);

}  // namespace natbound::calculator::detail
