package router

import "slices"

// What one route matches, compared with what another does. All of it is decided part by part: a route matches the
// product of its methods, hosts and paths.

// covers reports whether a matches every request that b matches.
func (a *entry) covers(b *entry) bool {
	return methodCovers(a.method, b.method) && hostsCover(a.hosts, b.hosts) && a.path.covers(b.path)
}

// overlaps reports whether there is a request that both match.
func (a *entry) overlaps(b *entry) bool {
	return methodsOverlap(a.method, b.method) && hostsOverlap(a.hosts, b.hosts) && a.path.overlaps(b.path)
}

// specializes reports whether b, which overlaps a and is defined later, is the more general of the two, as the idiom has it: its path
// matches more, or as much and its method does. A narrow path for every method before a wide one for GET is no surprise.
func (a *entry) specializes(b *entry) bool {
	return hostsCover(b.hosts, a.hosts) && b.path.covers(a.path) && (methodCovers(b.method, a.method) || !a.path.covers(b.path))
}

func methodCovers(a, b string) bool {
	return a == b || a == anyMethod || a == "GET" && b == "HEAD"
}

func methodsOverlap(a, b string) bool { return methodCovers(a, b) || methodCovers(b, a) }

func hostsCover(a, b []host) bool {
	switch {
	case len(a) == 0:
		return true
	case len(b) == 0:
		return false
	}
	for _, hb := range b {
		if !slices.ContainsFunc(a, func(ha host) bool { return ha.covers(hb) }) {
			return false
		}
	}
	return true
}

func hostsOverlap(a, b []host) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, ha := range a {
		for _, hb := range b {
			if ha.overlaps(hb) {
				return true
			}
		}
	}
	return false
}

func (a pattern) covers(b pattern) bool {
	switch {
	case a.glob && len(b.segs) < len(a.segs):
		return false // b may end, or b's glob may be empty, before a begins to match
	case !a.glob && (b.glob || len(a.segs) != len(b.segs)):
		return false
	}
	for i, seg := range a.segs {
		if !seg.covers(b.segs[i]) {
			return false
		}
	}
	return true
}

func (a pattern) overlaps(b pattern) bool {
	switch {
	case len(a.segs) < len(b.segs) && !a.glob, len(b.segs) < len(a.segs) && !b.glob:
		return false
	}
	// What one has more than the other is taken by the other's glob.
	for i := range min(len(a.segs), len(b.segs)) {
		if !a.segs[i].overlaps(b.segs[i]) {
			return false
		}
	}
	return true
}

func (a segment) matches(s string) bool {
	if a.name == "" {
		return a.lit == s
	}
	return len(s) > len(a.lit) && s[:len(a.lit)] == a.lit
}

func (a segment) covers(b segment) bool {
	if b.name == "" {
		return a.matches(b.lit)
	}
	return a.name != "" && len(a.lit) <= len(b.lit) && b.lit[:len(a.lit)] == a.lit
}

func (a segment) overlaps(b segment) bool { return a.covers(b) || b.covers(a) }

// witness returns a path that both match, for messages. They overlap.
func witness(a, b pattern) string {
	if len(a.segs) < len(b.segs) {
		a, b = b, a
	}
	p := pattern{segs: slices.Clone(a.segs)}
	for i := range p.segs {
		seg := p.segs[i]
		if i < len(b.segs) && seg.covers(b.segs[i]) {
			seg = b.segs[i]
		}
		if seg.name != "" {
			seg.src = seg.src[:len(seg.src)-len("{"+seg.name+"}")] + "x"
		}
		p.segs[i] = seg
	}
	return p.String()
}
