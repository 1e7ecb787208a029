package router

import "strings"

// manyLiterals is the number of literal children from which on a map is faster than comparing one by one.
const manyLiterals = 8

// node is a place in the tree of segments. It is reached by one sequence of segments of definitions, so that a search,
// which follows every child that fits, visits a node at most once.
type node struct {
	first int // index of the first route at or below this node

	literals []string
	below    []*node          // by the same index
	index    map[string]*node // of them, when there are many
	prefixes []prefixed       // parameters after a literal
	param    *node

	here  []*entry // routes whose path ends here, in order of definition
	globs []*entry // routes that take the rest from here, in order of definition
}

type prefixed struct {
	lit string
	*node
}

// insert adds e. Routes are inserted in order of definition.
func (n *node) insert(e *entry) {
	for _, seg := range e.path.segs {
		n = n.child(seg, e.index)
	}
	if e.path.glob {
		n.globs = append(n.globs, e)
	} else {
		n.here = append(n.here, e)
	}
}

func (n *node) child(seg segment, index int) *node {
	switch {
	case seg.name == "":
		if kid := n.literal(seg.lit); kid != nil {
			return kid
		}
		kid := &node{first: index}
		n.literals, n.below = append(n.literals, seg.lit), append(n.below, kid)
		if n.index != nil {
			n.index[seg.lit] = kid
		} else if len(n.literals) > manyLiterals {
			n.index = make(map[string]*node)
			for i, lit := range n.literals {
				n.index[lit] = n.below[i]
			}
		}
		return kid
	case seg.lit != "":
		for _, p := range n.prefixes {
			if p.lit == seg.lit {
				return p.node
			}
		}
		kid := &node{first: index}
		n.prefixes = append(n.prefixes, prefixed{seg.lit, kid})
		return kid
	default:
		if n.param == nil {
			n.param = &node{first: index}
		}
		return n.param
	}
}

func (n *node) literal(s string) *node {
	if n.index != nil {
		return n.index[s]
	}
	for i, lit := range n.literals {
		if lit == s {
			return n.below[i]
		}
	}
	return nil
}

// query is what is looked for, beside the segments.
type query struct{ method, host string }

// find returns the first defined route that matches, or best if that was defined before.
func (n *node) find(q *query, segs []string, best *entry) *entry {
	if best != nil && n.first >= best.index {
		return best
	}
	best = q.firstOf(n.globs, best)
	if len(segs) == 0 {
		return q.firstOf(n.here, best)
	}
	s, rest := segs[0], segs[1:]
	if kid := n.literal(s); kid != nil {
		best = kid.find(q, rest, best)
	}
	for _, p := range n.prefixes {
		if len(s) > len(p.lit) && strings.HasPrefix(s, p.lit) {
			best = p.find(q, rest, best)
		}
	}
	if n.param != nil {
		best = n.param.find(q, rest, best)
	}
	return best
}

func (q *query) firstOf(entries []*entry, best *entry) *entry {
	for _, e := range entries {
		if best != nil && e.index >= best.index {
			break
		}
		if methodCovers(e.method, q.method) && matchHost(e.hosts, q.host) {
			return e
		}
	}
	return best
}

// each calls visit with every route whose path matches, in no order.
func (n *node) each(segs []string, visit func(*entry)) {
	for _, e := range n.globs {
		visit(e)
	}
	if len(segs) == 0 {
		for _, e := range n.here {
			visit(e)
		}
		return
	}
	s, rest := segs[0], segs[1:]
	if kid := n.literal(s); kid != nil {
		kid.each(rest, visit)
	}
	for _, p := range n.prefixes {
		if len(s) > len(p.lit) && strings.HasPrefix(s, p.lit) {
			p.each(rest, visit)
		}
	}
	if n.param != nil {
		n.param.each(rest, visit)
	}
}
