"""The parts of a symbol: its base and its subscripts, however they were nested."""

from collections.abc import Iterable

from rnnsym.audit.tree import Name, Number, Tree

__all__ = ["flat", "spelling"]


def spelling(tree: Tree) -> list[str]:
    r"""Return the parts of a symbol in ASCII: base, then subscripts that are names or numbers.

    >>> from rnnsym.audit.notation import parse
    >>> spelling(parse(r"a_{\tilde{c}}")[1])
    ['a', 'c_tilde']
    """
    if isinstance(tree, Number):
        return [str(tree.value)]
    if not isinstance(tree, Name) or tree.indices or tree.above:
        return ["?"]
    base = {"ell": "l", "varepsilon": "epsilon", "varphi": "phi"}.get(tree.base, tree.base)
    return [base, *(part for s in tree.subscripts for part in spelling(s))]


def flat(subscripts: Iterable[Tree]) -> list[Tree]:
    """Unfold δ_{f_t} into δ with the subscripts f and t."""
    found: list[Tree] = []
    for tree in subscripts:
        if isinstance(tree, Name) and tree.subscripts and not tree.indices:
            found += [Name(tree.base, (), (), tree.above, tree.place), *flat(tree.subscripts)]
        else:
            found.append(tree)
    return found
