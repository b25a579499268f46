"""Finds code that reads text for people: comparisons, searches and lookups over values of type ``Prose``.

The types come from annotations: fields of classes, parameters and results of functions. The rest is followed through
the syntax tree of one function: assignments, loops, patterns, joins, f-strings. Fields of one name and several types
count where the class of their owner is known, and for anything that only text can be asked.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

ASKED_OF_TEXT = frozenset(
    {
        "startswith", "endswith", "find", "rfind", "index", "rindex", "count", "split", "rsplit", "splitlines",
        "partition", "rpartition", "removeprefix", "removesuffix",
    }
)  # fmt: skip
"""Methods of a text that look into it."""
ASKED_WITH_TEXT = frozenset(
    {"search", "match", "fullmatch", "findall", "finditer", "sub", "fnmatch", "fnmatchcase", "filter", "get"}
)
"""Functions and methods that look into a text, or look something up by it."""
READING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass
class Declared:
    """What the annotations of all modules say."""

    owners: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Field to the classes in which it is prose."""
    others: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Field to the classes in which it is something else."""
    functions: set[str] = field(default_factory=set)
    """Functions whose result is prose; private ones count in their own module only, see ``results``."""

    def read(self, tree: ast.Module) -> None:
        """Add a module's annotations."""
        self.functions |= {name for name in results(tree) if not name.startswith("_")}
        for node in ast.walk(tree):
            match node:
                case ast.ClassDef(name=name):
                    for line in node.body:
                        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                            (self.owners if prose(line.annotation) else self.others)[line.target.id].add(name)
                        elif isinstance(line, ast.FunctionDef):
                            made = self.owners if line.returns is not None and prose(line.returns) else self.others
                            made[line.name].add(name)
                case _:
                    pass


def results(tree: ast.Module) -> set[str]:
    """Functions of a module whose result is prose."""
    made = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name for node in made if node.returns is not None and prose(node.returns)}


def prose(annotation: ast.expr) -> bool:
    """Whether an annotation speaks of text for people: ``Prose``, ``Prose | None``, ``tuple[Prose, ...]``."""
    names = [node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    containers = {"tuple", "list", "Iterable", "Iterator", "Sequence", "None", "Final"}
    return "Prose" in names and set(names) <= containers | {"Prose"}


@dataclass(frozen=True)
class Reader:
    """One place that reads prose."""

    function: str
    line: int
    code: str


class Scope:
    """One function, with the modules' declarations.

    Args:
        declared: of all modules.
        node: the function, or a module for what stands outside of functions.
        owner: the class around it, if any.
    """

    def __init__(self, declared: Declared, node: ast.AST, owner: str = "") -> None:
        self._declared = declared
        self._stated: set[str] = set()
        """Parameters whose annotation says what they are."""
        self._classes: dict[str, str] = {"self": owner} if owner else {}
        self._names: set[str] = set()
        self._parts = list(_inside(node))
        if isinstance(node, SCOPES):
            arguments = node.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                self._annotate(argument.arg, argument.annotation)
        known = -1
        while known != len(self._names):
            known = len(self._names)
            for part in self._parts:
                self._follow(part)

    def readers(self) -> Iterator[ast.expr]:
        """Expressions of this function that read prose."""
        for part in self._parts:
            match part:
                case ast.Compare(left=left, ops=ops, comparators=others):
                    if any(isinstance(op, READING) for op in ops) and self._compares([left, *others]):
                        yield part
                case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in ASKED_OF_TEXT:
                    if self._is(value, asked_of_text=True):
                        yield part
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in ASKED_WITH_TEXT:
                    if any(self._is(argument, asked_of_text=name != "get") for argument in part.args):
                        yield part
                case ast.Subscript(slice=index) if self._is(index):
                    yield part
                case ast.Match(subject=subject, cases=cases) if self._is(subject):
                    yield from (c.pattern.value for c in cases if isinstance(c.pattern, ast.MatchValue))
                case _:
                    pass

    def _compares(self, operands: list[ast.expr]) -> bool:
        literal = any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in operands)
        return any(self._is(one, asked_of_text=literal) for one in operands)

    def _annotate(self, name: str, annotation: ast.expr | None) -> None:
        if annotation is None:
            return
        self._stated.add(name)
        if prose(annotation):
            self._names.add(name)
        names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
        if names and not isinstance(annotation, ast.Subscript):
            self._classes[name] = names[0].id

    def _follow(self, part: ast.AST) -> None:  # noqa: C901 (one arm a kind of binding)
        """Learn which names hold prose."""
        match part:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                self._annotate(name, annotation)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._take(name, value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                for target, value in zip(targets, values, strict=False):
                    if isinstance(target, ast.Name):
                        self._take(target.id, value)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self._take(name, value)
            case (
                ast.For(target=ast.Name(id=name), iter=value) | ast.comprehension(target=ast.Name(id=name), iter=value)
            ):
                self._take(name, value)
            case ast.MatchClass(cls=ast.Name(id=kind) | ast.Attribute(attr=kind)):
                for attribute, pattern in zip(part.kwd_attrs, part.kwd_patterns, strict=True):
                    known = kind in self._declared.owners.get(attribute, ())
                    if known and isinstance(pattern, ast.MatchAs) and pattern.name:
                        self._names.add(pattern.name)
            case ast.Call(func=ast.Name(id="Prose"), args=[ast.Name(id=name)]) if name not in self._stated:
                self._names.add(name)
            case _:
                pass

    def _take(self, name: str, value: ast.expr) -> None:
        if self._is(value):
            self._names.add(name)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id[:1].isupper():
            self._classes.setdefault(name, value.func.id)

    def _is(self, node: ast.expr, *, asked_of_text: bool = False) -> bool:  # noqa: C901 (one arm a kind of expression)
        """Whether an expression is prose, or a collection of it."""
        match node:
            case ast.Name(id=name):
                return name in self._names
            case ast.Attribute(value=owner, attr=attribute):
                return self._field(owner, attribute, asked_of_text=asked_of_text)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                made = name == "Prose" or name in self._declared.functions
                return made or (name in {"str", "tuple", "sorted", "list"} and self._any(arguments))
            case ast.Call(func=ast.Attribute(attr="join"), args=arguments):
                return self._any(arguments)
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                return method in self._declared.functions or self._is(owner)
            case ast.JoinedStr(values=values):
                return self._any(part.value for part in values if isinstance(part, ast.FormattedValue))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._any((left, right))
            case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                return self._any(values)
            case ast.IfExp(body=body, orelse=orelse):
                return self._any((body, orelse))
            case ast.Subscript(value=value) | ast.Starred(value=value):
                return self._is(value)
            case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element) | ast.SetComp(elt=element):
                return self._is(element)
            case _:
                return False

    def _any(self, nodes: Iterable[ast.expr]) -> bool:
        return any(self._is(node) for node in nodes)

    def _field(self, owner: ast.expr, attribute: str, *, asked_of_text: bool) -> bool:
        """By the class of the owner where it is known; else by the name, if it stands for nothing but prose."""
        owners, others = self._declared.owners.get(attribute, set()), self._declared.others.get(attribute, set())
        if not owners:
            return False
        known = self._classes.get(owner.id, "") if isinstance(owner, ast.Name) else ""
        if known in owners:
            return True
        if known in others:
            return False
        return asked_of_text or not others


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What belongs to this function, without functions inside it but with lambdas and comprehensions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child
            yield from _inside(child)


def readers(tree: ast.Module, declared: Declared) -> Iterator[Reader]:
    """Every place of a module that reads prose."""
    declared = replace(declared, functions=declared.functions | results(tree))
    for node, name, owner in [(tree, "<module>", ""), *_functions(tree, "")]:
        for found in Scope(declared, node, owner).readers():
            yield Reader(name, found.lineno, ast.unparse(found))


def _functions(node: ast.AST, owner: str) -> Iterator[tuple[ast.AST, str, str]]:
    """Every function inside a node, with its name and the class around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, child.name)
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield child, f"{owner}.{child.name}".removeprefix("."), owner
            yield from _functions(child, owner)
        else:
            yield from _functions(child, owner)
