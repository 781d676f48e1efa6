#pragma once
// Catch2, whichever is there: v3 installed, v3 as one file, or v2. Tests include this alone.
// Write Approx(x) without a namespace; the names of matchers differ, so tests do without them.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#elif __has_include(<catch_amalgamated.hpp>)
#include <catch_amalgamated.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
