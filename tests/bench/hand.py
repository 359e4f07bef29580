"""LSTM and GRU, forward and backward, tuned by hand: what the generated NumPy is measured against.

Arrays are (T, rows, B). Gates share one product, input projections and gradients of weights are
one product each, local derivatives are computed a few steps at a time while they stay in the
cache, and products stay below the size from which BLAS copies a matrix before it multiplies it.
"""
# ruff: noqa: PLW2901 - an operator in place writes into the array that the loop walks
# ruff: noqa: PLR0915, PLR0917 - each function is a whole program, as one would tune it by hand

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy import add, multiply, square, subtract, tanh

__all__ = ["gru", "gru_after", "lstm"]

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]
UNPACKED = 1_000_000  # multiplications up to which OpenBLAS copies neither factor
CACHED = 2**14  # numbers of one array that stay in the cache


def blocks(a: Floats, batch: int) -> Floats:
    """Cut the rows of a matrix into blocks below the limit."""
    most = min(len(a), UNPACKED // (a.shape[1] * batch))
    rows = next((r for r in range(most, 7, -1) if len(a) % r == 0), len(a))
    return np.ascontiguousarray(a).reshape(-1, rows, a.shape[1])


def product(a: Floats, batch: int) -> Callable[[Floats, Floats], object]:
    """Return the quickest way to write A v of one step."""
    if batch == 1 or a.size * batch <= UNPACKED:
        return a.dot
    cut = blocks(a, batch)
    return lambda v, out: np.matmul(cut, v, out=out.reshape(len(cut), -1, batch))


def flat(v: Floats) -> Floats:
    return v.swapaxes(0, 1).reshape(v.shape[1], -1)


def times(a: Floats, v: Floats) -> Floats:
    """Return A v[t] for all steps."""
    steps, _, batch = v.shape
    out = np.empty((steps, len(a), batch), v.dtype)
    if batch == 1:
        np.dot(v[:, :, 0], a.T, out=out[:, :, 0])
    elif a.size < 2**18:
        cut = blocks(a, batch)
        np.matmul(cut, v[:, None], out=out.reshape(steps, len(cut), -1, batch))
    else:
        out[...] = np.dot(a, flat(v)).reshape(len(a), steps, batch).swapaxes(0, 1)
    return out


def parts(steps: int, size: int) -> list[slice]:
    few = max(1, CACHED // size)
    return [slice(max(0, end - few), end) for end in range(steps, 0, -few)]


def lstm(
    w: Floats, u: Floats, b: Floats, x: Floats, dy: Floats, h0: Floats, c0: Floats
) -> tuple[Floats, ...]:
    """Return h and the gradients of w, u, b, x, h0 and c0; rows of w, u, b are o, i, f, g."""
    (steps, _, batch), n, dtype = x.shape, u.shape[1], x.dtype
    a = times(w, x)
    a += b
    h, c = np.empty((2, steps + 1, n, batch), dtype)
    tanh_c = np.empty((steps, n, batch), dtype)
    h[0], c[0] = h0, c0
    work, ig = np.empty((4 * n, batch), dtype), np.empty((n, batch), dtype)
    half, dot = np.array(0.5, dtype), product(u, batch)
    o, i, f, g = (a[:, k * n : (k + 1) * n] for k in range(4))
    ht, ct = h[0], c[0]
    walk = zip(a, a[:, : 3 * n], o, i, f, g, c[1:], tanh_c, h[1:], strict=True)
    for at, gates, ot, it, ft, gt, c_next, tanh_ct, h_next in walk:
        dot(ht, work)
        at += work
        gates *= half
        tanh(at, at)
        gates *= half
        gates += half
        multiply(ft, ct, c_next)
        multiply(it, gt, ig)
        c_next += ig
        tanh(c_next, tanh_ct)
        multiply(ot, tanh_ct, h_next)
        ht, ct = h_next, c_next

    cut = parts(steps, n * batch)
    k = np.empty((cut[0].stop - cut[0].start, 6, n, batch), dtype)  # of: c | o | i, f, g | c before
    found = np.empty((steps, 6, n, batch), dtype)
    delta = found[:, 1:5].reshape(steps, 4 * n, batch)
    dh, carry, dc = np.zeros((3, n, batch), dtype)
    dot = product(u.T, batch)
    for p in cut:
        kp, op, ip, fp, gp, tp = k[: p.stop - p.start], o[p], i[p], f[p], g[p], tanh_c[p]
        rows = kp[:, 1:4].reshape(len(kp), 3 * n, batch)
        subtract(1, a[p, : 3 * n], rows)
        rows *= a[p, : 3 * n]
        for row, factor in ((1, tp), (2, gp), (3, c[p])):
            kp[:, row] *= factor
        for row, value, factor in ((4, gp, ip), (0, tp, op)):
            square(value, kp[:, row])
            subtract(1, kp[:, row], kp[:, row])
            kp[:, row] *= factor
        kp[:, 5] = fp
        back = found[p][::-1]
        walk = zip(
            dy[p][::-1], kp[::-1, :2], kp[::-1, 2:], back[:, :2], back[:, 2:], back[:, 0],
            back[:, 5], delta[p][::-1], strict=True,
        )  # fmt: skip
        for dyt, kh, kc, by_h, by_c, dc_by_h, c_before, delta_t in walk:
            dh += dyt
            multiply(kh, dh, by_h)
            add(dc_by_h, carry, dc)
            multiply(kc, dc, by_c)
            dot(delta_t, dh)
            carry = c_before
    d = flat(delta)
    dw, du = d @ flat(x).T, d @ flat(h[:-1]).T
    return h[1:], dw, du, d.sum(axis=1, keepdims=True), times(w.T, delta), dh, carry


def gru(w: Floats, u: Floats, b: Floats, x: Floats, dy: Floats, h0: Floats) -> tuple[Floats, ...]:
    """Return h and the gradients of w, u, b, x and h0; rows are r, z, g, reset before, z new."""
    (steps, _, batch), n, dtype = x.shape, u.shape[1], x.dtype
    a = times(w, x)
    a += b
    h = np.empty((steps + 1, n, batch), dtype)
    h[0] = h0
    rh = np.empty((steps, n, batch), dtype)
    work, work_n = np.empty((2 * n, batch), dtype), np.empty((n, batch), dtype)
    u_rz, u_g = u[: 2 * n], u[2 * n :]
    half, dot, dot_g = np.array(0.5, dtype), product(u_rz, batch), product(u_g, batch)
    rz, r, z, g = a[:, : 2 * n], a[:, :n], a[:, n : 2 * n], a[:, 2 * n :]
    ht = h[0]
    for gates, rt, zt, gt, rht, h_next in zip(rz, r, z, g, rh, h[1:], strict=True):
        dot(ht, work)
        gates += work
        gates *= half
        tanh(gates, gates)
        gates *= half
        gates += half
        multiply(rt, ht, rht)
        dot_g(rht, work_n)
        gt += work_n
        tanh(gt, gt)
        subtract(gt, ht, h_next)
        h_next *= zt
        h_next += ht
        ht = h_next

    cut = parts(steps, n * batch)
    few = cut[0].stop - cut[0].start
    k = np.empty((few, 5, n, batch), dtype)  # of: h before by q | r | z, g | h before
    found, rest = np.empty((steps, 5, n, batch), dtype), np.empty((few, n, batch), dtype)
    delta = found[:, 1:4].reshape(steps, 3 * n, batch)
    dh, q = np.zeros((2, n, batch), dtype)
    dot, dot_g = product(u_rz.T, batch), product(u_g.T, batch)
    for p in cut:
        kp, rp, zp, gp, hp = k[: p.stop - p.start], r[p], z[p], g[p], h[p]
        kp[:, 0] = rp
        subtract(1, rp, kp[:, 1])
        kp[:, 1] *= rh[p]
        subtract(1, zp, kp[:, 4])
        subtract(gp, hp, kp[:, 2])
        kp[:, 2] *= multiply(zp, kp[:, 4], rest[: len(kp)])
        square(gp, kp[:, 3])
        subtract(1, kp[:, 3], kp[:, 3])
        kp[:, 3] *= zp
        back = found[p][::-1]
        walk = zip(
            dy[p][::-1], kp[::-1, :2], kp[::-1, 2:], back[:, :2], back[:, 2:], back[:, 3],
            delta[p][::-1, : 2 * n], back[:, 0], back[:, 4], strict=True,
        )  # fmt: skip
        for dyt, kq, kh, by_q, by_h, delta_g, delta_rz, carry_q, carry_h in walk:
            dh += dyt
            multiply(kh, dh, by_h)
            dot_g(delta_g, q)
            multiply(kq, q, by_q)
            dot(delta_rz, dh)
            dh += carry_q
            dh += carry_h
    d = flat(delta)
    du = np.concatenate([d[: 2 * n] @ flat(h[:-1]).T, d[2 * n :] @ flat(rh).T])
    return h[1:], d @ flat(x).T, du, d.sum(axis=1, keepdims=True), times(w.T, delta), dh


def gru_after(
    w: Floats, u: Floats, b: Floats, bu: Floats, x: Floats, dy: Floats, h0: Floats
) -> tuple[Floats, ...]:
    """Return h and the gradients of w, u, b, bu, x and h0; rows r, z, g, as nn.GRU has them."""
    (steps, _, batch), n, dtype = x.shape, u.shape[1], x.dtype
    a = times(w, x)
    a += b
    a[:, : 2 * n] += bu[: 2 * n]
    h = np.empty((steps + 1, n, batch), dtype)
    h[0] = h0
    v = np.empty((steps, n, batch), dtype)  # U h + b of the candidate
    work, bias = np.empty((3 * n, batch), dtype), bu[2 * n :]
    work_rz, work_g, work_n = work[: 2 * n], work[2 * n :], np.empty((n, batch), dtype)
    half, dot = np.array(0.5, dtype), product(u, batch)
    rz, r, z, g = a[:, : 2 * n], a[:, :n], a[:, n : 2 * n], a[:, 2 * n :]
    ht = h[0]
    for gates, rt, zt, gt, vt, h_next in zip(rz, r, z, g, v, h[1:], strict=True):
        dot(ht, work)
        gates += work_rz
        gates *= half
        tanh(gates, gates)
        gates *= half
        gates += half
        add(work_g, bias, vt)
        multiply(rt, vt, work_n)
        gt += work_n
        tanh(gt, gt)
        subtract(ht, gt, h_next)
        h_next *= zt
        h_next += gt
        ht = h_next

    cut = parts(steps, n * batch)
    few = cut[0].stop - cut[0].start
    k = np.empty((few, 5, n, batch), dtype)  # of: r, v, z, g, h before
    found, rest = np.empty((steps, 5, n, batch), dtype), np.empty((few, n, batch), dtype)
    delta = found[:, :3].reshape(steps, 3 * n, batch)  # r, v, z: what U took
    dh = np.zeros((n, batch), dtype)
    u_rvz = np.concatenate([u[:n], u[2 * n :], u[n : 2 * n]])
    dot = product(u_rvz.T, batch)
    for p in cut:
        kp, rp, zp, gp, hp = k[: p.stop - p.start], r[p], z[p], g[p], h[p]
        kp[:, 4] = zp
        subtract(1, zp, rest[: len(kp)])
        square(gp, kp[:, 3])
        subtract(1, kp[:, 3], kp[:, 3])
        kp[:, 3] *= rest[: len(kp)]
        subtract(hp, gp, kp[:, 2])
        kp[:, 2] *= rest[: len(kp)]
        kp[:, 2] *= zp
        multiply(kp[:, 3], rp, kp[:, 1])
        subtract(1, rp, kp[:, 0])
        kp[:, 0] *= kp[:, 1]
        kp[:, 0] *= v[p]
        back = found[p][::-1]
        walk = zip(dy[p][::-1], kp[::-1], back, delta[p][::-1], back[:, 4], strict=True)
        for dyt, kt, by_h, delta_t, carry in walk:
            dh += dyt
            multiply(kt, dh, by_h)
            dot(delta_t, dh)
            dh += carry
    d = flat(delta)
    delta_g = flat(found[:, 3])
    dx_rows = np.concatenate([d[:n], d[2 * n :], delta_g])
    du = d @ flat(h[:-1]).T
    du = np.concatenate([du[:n], du[2 * n :], du[n : 2 * n]])
    db, dbu = dx_rows.sum(axis=1, keepdims=True), d.sum(axis=1, keepdims=True)
    dbu = np.concatenate([dbu[:n], dbu[2 * n :], dbu[n : 2 * n]])
    stacked = dx_rows.reshape(3 * n, steps, batch).swapaxes(0, 1)
    return h[1:], dx_rows @ flat(x).T, du, db, dbu, times(w.T, stacked), dh
