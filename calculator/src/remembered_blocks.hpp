#pragma once
// blocks_kept (kept_blocks.hpp), each asked once: the what-ifs of an answer, in whichever thread,
// mostly ask for subscribers that were stepped before, for the pool does not matter to these.
#include <cstdint>
#include <memory>

#include "kept_blocks.hpp"

namespace natbound::calculator::detail {

// What is stepped goes by all of `who` and of `what` all but its pool and its kinds.
std::shared_ptr<const kept_law> remembered_blocks(const block_dealing& what,
                                                  const block_subscribers& who,
                                                  std::uint64_t events);

}  // namespace natbound::calculator::detail
