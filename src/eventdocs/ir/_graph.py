"""The dependency graph over terms, formulas and tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar
from uuid import UUID

from eventdocs.ir._entities import Definition, DocumentIR, EdgeKind, Formula, Table

NodeT = TypeVar("NodeT", bound=Hashable)

DEPENDENCIES: frozenset[EdgeKind] = frozenset(
    {"uses", "depends_on", "cell_value", "abbreviates", "defines"}
)
"""The kinds of edges along which a change travels."""


class Graph(Generic[NodeT]):
    """A directed graph of what depends on what.

    A node's parents are what it depends on directly, its ancestors what it depends on at
    all; children and descendants depend on it. Everything is built in time linear in nodes
    and edges, without recursion, and everything is listed in the order of the nodes.

    Args:
        nodes: Every node, in the order in which ties are to be broken.
        dependencies: Pairs (dependent, what it depends on); both are nodes. Repeats
            count once.
    """

    def __init__(self, nodes: Iterable[NodeT], dependencies: Iterable[tuple[NodeT, NodeT]]) -> None:
        self._parents: dict[NodeT, dict[NodeT, None]] = {node: {} for node in nodes}
        self._children: dict[NodeT, dict[NodeT, None]] = {node: {} for node in self._parents}
        for dependent, dependency in dependencies:
            self._parents[dependent][dependency] = None
            self._children[dependency][dependent] = None

    @property
    def nodes(self) -> Collection[NodeT]:
        """All nodes, in order."""
        return self._parents.keys()

    def parents(self, node: NodeT) -> tuple[NodeT, ...]:
        """List what *node* depends on directly."""
        return tuple(self._parents[node])

    def children(self, node: NodeT) -> tuple[NodeT, ...]:
        """List what depends on *node* directly."""
        return tuple(self._children[node])

    def ancestors(self, node: NodeT) -> tuple[NodeT, ...]:
        """List all that *node* depends on, nearest first; itself only if it is in a cycle."""
        return tuple(reach([node], self.parents))

    def descendants(self, node: NodeT) -> tuple[NodeT, ...]:
        """List all that depends on *node*, nearest first; itself only if it is in a cycle."""
        return tuple(reach([node], self.children))

    @cached_property
    def cycles(self) -> tuple[tuple[NodeT, ...], ...]:
        """One shortest cycle for every knot of nodes that depend on each other.

        Each is a path along dependencies that ends where it began, such as (A, B, A). A
        node that only depends on a cycle, or that a cycle depends on, is in none.
        """
        knots = (each for each in self._components if self._is_knot(each))
        return tuple(self._shortest_cycle(each) for each in knots)

    @cached_property
    def topological_order(self) -> tuple[NodeT, ...]:
        """Every node after all that it depends on; inside a cycle, in the order of the nodes."""
        return tuple(node for component in self._components for node in component)

    @cached_property
    def depth(self) -> Mapping[NodeT, int]:
        """For every node, the longest way to something that depends on nothing.

        What depends on nothing has depth 0. The nodes of a cycle share one depth.
        """
        depth: dict[NodeT, int] = {}
        for component in self._components:
            inside = set(component)
            below = [
                depth[parent]
                for node in component
                for parent in self._parents[node]
                if parent not in inside
            ]
            depth.update(dict.fromkeys(component, max(below, default=-1) + 1))
        return depth

    def _is_knot(self, component: tuple[NodeT, ...]) -> bool:
        first = component[0]
        return len(component) > 1 or first in self._parents[first]

    def _shortest_cycle(self, component: tuple[NodeT, ...]) -> tuple[NodeT, ...]:
        """Walk breadth-first from the first node of a knot until it is met again."""
        start, inside = component[0], set(component)
        came_from: dict[NodeT, NodeT] = {}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for parent in self._parents[node]:
                if parent == start:
                    return (*_walk_back(node, start, came_from), start)
                if parent in inside and parent not in came_from:
                    came_from[parent] = node
                    queue.append(parent)
        return component  # not reached: every node of a knot leads back to itself

    @cached_property
    def _components(self) -> tuple[tuple[NodeT, ...], ...]:
        """Strongly connected components, dependencies first (Tarjan 1972, with a stack)."""
        place = {node: n for n, node in enumerate(self._parents)}
        index: dict[NodeT, int] = {}
        low: dict[NodeT, int] = {}
        open_nodes: dict[NodeT, None] = {}
        components: list[tuple[NodeT, ...]] = []
        for root in self._parents:
            if root in index:
                continue
            work: list[tuple[NodeT, Iterator[NodeT]]] = []
            _enter(root, work, index, low, open_nodes, self._parents)
            while work:
                node, parents = work[-1]
                for parent in parents:
                    if parent not in index:
                        _enter(parent, work, index, low, open_nodes, self._parents)
                        break
                    if parent in open_nodes:
                        low[node] = min(low[node], index[parent])
                else:
                    work.pop()
                    if work:
                        below = work[-1][0]
                        low[below] = min(low[below], low[node])
                    if low[node] == index[node]:
                        members = _close(node, open_nodes)
                        components.append(tuple(sorted(members, key=place.__getitem__)))
        return tuple(components)


def dependency_graph(ir: DocumentIR, kinds: Collection[EdgeKind] = DEPENDENCIES) -> Graph[UUID]:
    """Build the graph of the definitions, formulas and tables of *ir*, in reading order.

    Args:
        ir: An IR with edges.
        kinds: The edges to follow. A definition depends on the formula that `defines`
            its quantity; along every other edge, the source depends on the target.
    """
    nodes = [
        each.id.entity_id for each in ir.entities if isinstance(each, Definition | Formula | Table)
    ]
    known = set(nodes)
    return Graph(
        nodes,
        (
            (edge.target, edge.source) if edge.kind == "defines" else (edge.source, edge.target)
            for edge in ir.edges
            if edge.kind in kinds and edge.source in known and edge.target in known
        ),
    )


def reach(
    starts: Iterable[NodeT], onward: Callable[[NodeT], Iterable[NodeT]]
) -> dict[NodeT, NodeT]:
    """Walk breadth-first from *starts*; each node reached, with the node it was reached from.

    A start is in the result only if it was reached from one of them.
    """
    queue = deque(dict.fromkeys(starts))
    came_from: dict[NodeT, NodeT] = {}
    while queue:
        node = queue.popleft()
        for each in onward(node):
            if each not in came_from:
                came_from[each] = node
                queue.append(each)
    return came_from


def _walk_back(node: NodeT, start: NodeT, came_from: Mapping[NodeT, NodeT]) -> list[NodeT]:
    path = [node]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    path.reverse()
    return path


def _enter(
    node: NodeT,
    work: list[tuple[NodeT, Iterator[NodeT]]],
    index: dict[NodeT, int],
    low: dict[NodeT, int],
    open_nodes: dict[NodeT, None],
    parents: Mapping[NodeT, Iterable[NodeT]],
) -> None:
    index[node] = low[node] = len(index)
    open_nodes[node] = None
    work.append((node, iter(parents[node])))


def _close(node: NodeT, open_nodes: dict[NodeT, None]) -> list[NodeT]:
    members: list[NodeT] = []
    while not members or members[-1] != node:
        members.append(open_nodes.popitem()[0])
    return members
