"""Writes calculator/src/temme_coefficients.hpp: the Taylor coefficients of Temme's c_k(eta).

Exact rationals, rounded once. DLMF 8.12.7 to 8.12.12 (Temme 1979, SIAM J. Math. Anal. 10:757): with
mu = lambda - 1 and eta^2/2 = mu - log(1 + mu), mu mu' = eta (1 + mu) gives mu = sum alpha_n eta^n; then
c_0 = 1/mu - 1/eta and c_k = c_{k-1}'/eta + (-1)^k g_k/mu, where Gamma*(c) ~ sum g_k c^-k.

    python tests/reference/make_temme.py > calculator/src/temme_coefficients.hpp
"""

from __future__ import annotations

from fractions import Fraction

LEAST_PORTS = 64  # the expansion is used from here on
LARGEST_ETA = 0.7  # |eta| up to which a coefficient must count; far below it the tail is negligible
SMALLEST = 1e-17
TERMS = 60


def coefficients() -> tuple[list[list[Fraction]], list[Fraction]]:
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, TERMS):
        known = sum(alpha[j] * (n + 1 - j) * alpha[n + 1 - j] for j in range(2, n))
        alpha.append((alpha[n - 1] - known) / (n + 1))
    gamma_star, odd_factorial = [Fraction(1)], Fraction(1)
    for k in range(1, 16):
        odd_factorial *= 2 * k + 1
        gamma_star.append(odd_factorial * alpha[2 * k + 1])
    first = [(n + 2) * alpha[n + 2] for n in range(TERMS - 2)]
    first[0] -= 1
    rows = [first]
    # 1/mu = 1/eta + c_0, and its pole cancels the linear term of c_{k-1}: only powers >= 0 stay.
    for k in range(1, 16):
        before = rows[-1]
        rows.append([(-1) ** k * gamma_star[k] * first[n] + (n + 2) * before[n + 2] for n in range(len(before) - 2)])
    return rows, gamma_star


def main() -> None:
    rows, gamma_star = coefficients()
    kept: list[list[float]] = []
    for k, row in enumerate(rows):
        sizes = [abs(float(c)) * LARGEST_ETA**n / LEAST_PORTS**k for n, c in enumerate(row)]
        counted = [n for n, size in enumerate(sizes) if size > SMALLEST]
        if not counted:
            break
        kept.append([float(c) for c in row[: counted[-1] + 1]])
    print("#pragma once")
    print("// Coefficients of Temme's expansion of the incomplete gamma function: row k holds c_k(eta)")
    print("// by powers of eta, DLMF 8.12. Made by tests/reference/make_temme.py from exact rationals.")
    print("// clang-format off")
    print("#include <array>\n\nnamespace natbound::calculator::detail {\n")
    print(f"inline constexpr double temme_least_ports = {LEAST_PORTS};\n")
    for k, values in enumerate(kept):
        print(f"inline constexpr std::array<double, {len(values)}> temme_{k}{{")
        for value in values:
            print(f"    {value!r},")
        print("};\n")
    print("// Gamma*(c) ~ sum g_k c^-k, DLMF 5.11.3.")
    stars = [float(g) for k, g in enumerate(gamma_star) if abs(float(g)) / LEAST_PORTS**k > SMALLEST]
    print(f"inline constexpr std::array<double, {len(stars)}> gamma_star_series{{")
    for value in stars:
        print(f"    {value!r},")
    print("};\n\n}  // namespace natbound::calculator::detail")


if __name__ == "__main__":
    main()
