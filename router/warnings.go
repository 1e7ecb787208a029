package router

import "fmt"

// Warning is a pair of routes that match some of the same requests, where the order of definition and not the
// patterns decides.
type Warning struct {
	// Earlier takes the requests that both match.
	Earlier, Later Route
	// Unreachable is true if these are all that Later matches.
	Unreachable bool
	// Path is one of those requests' paths.
	Path string
}

// String says what happens, where, and what to do.
func (w Warning) String() string {
	if w.Unreachable {
		return fmt.Sprintf("%s: %s is never reached: %s at %s matches all that it does, as %s; define it before, or leave it out",
			w.Later.Place, w.Later, w.Earlier, w.Earlier.Place, w.Path)
	}
	return fmt.Sprintf("%s: %s does not get %s: %s at %s matches that too and comes first",
		w.Later.Place, w.Later, w.Path, w.Earlier, w.Earlier.Place)
}

// Warnings lists the pairs of routes that overlap, except where the earlier one is the more specific by its host and path, as /users/new is
// before /users/{id}, or by its method where the paths match the same. A table without warnings means the same to http.ServeMux, as far as
// that accepts it.
func (rt *Router) Warnings() []Warning { return append([]Warning(nil), rt.warnings...) }

// relate compares all routes: it refuses those that are the same and notes the warnings.
func (b *builder) relate(rt *Router) {
	for i, later := range b.entries {
		for _, earlier := range b.entries[:i] {
			if !earlier.overlaps(later) {
				continue
			}
			covers := earlier.covers(later)
			switch {
			case covers && later.covers(earlier):
				b.fail(later.info.Place, "%s matches the same requests as %s at %s; leave one of them out", later.info, earlier.info, earlier.info.Place)
			case covers || !earlier.specializes(later):
				rt.warnings = append(rt.warnings, Warning{
					Earlier: earlier.clone(), Later: later.clone(), Unreachable: covers, Path: witness(earlier.path, later.path),
				})
			}
		}
	}
}

// checkNames refuses names that would give two functions one name.
func (b *builder) checkNames() {
	named := make(map[string]*entry)
	for _, e := range b.entries {
		name := e.info.Name
		if name == "" {
			continue
		}
		for _, ident := range []string{name, name + "URL"} {
			if other := named[ident]; other != nil && (other.info.Name != name || other.info.Path != e.info.Path) {
				b.fail(e.info.Place, "%s would give the typed path %s to %s, but %s at %s has it; give one of them, or its scope, another name",
					e.info, ident, e.info.Path, other.info.Path, other.info.Place)
				break
			}
			if named[ident] == nil {
				named[ident] = e
			}
		}
	}
}
