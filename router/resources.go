package router

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Resource is a set of actions on things of one kind. Those that are nil have no routes.
type Resource struct {
	Index  Action // GET /users
	Edit   Action // GET /users/{id}/edit
	New    Action // GET /users/new
	Show   Action // GET /users/{id}
	Create Action // POST /users
	Update Action // PATCH and PUT /users/{id}
	Delete Action // DELETE /users/{id}

	// Param is the name of the parameter. Empty means "id". Nested paths have it after the singular: {user_id}.
	Param string
	// Plural and Singular name the paths: Users, NewUser, User and EditUser. Empty Plural means the last literal of the path; empty
	// Singular the plural without its ending, by rules of English that know "users", "categories" and "boxes". Where both are the
	// same, the plural becomes "news_index".
	Plural, Singular string
	// Singleton is for what there is one of: the paths have no parameter, and there is no Index.
	Singleton bool
	// Options of all the routes. Its Name is not used, and its Action goes before the names of the actions.
	Options Options
}

// Resources defines the routes of a resource, in the order of the fields of [Resource]. Blocks define what is nested: their paths are below that
// of one member, /users/{user_id}, or of the singleton.
func (s *Scope) Resources(path string, res Resource, nested ...func(*Scope)) {
	place, ok := s.define()
	if !ok {
		return
	}
	if err := s.resources(place, path, res, nested); err != nil {
		s.b.fail(place, "Resources(%q): %w", path, err)
	}
}

func (s *Scope) resources(place, path string, res Resource, nested []func(*Scope)) error {
	p, err := parsePattern(path)
	if err != nil {
		return err
	}
	if res.Param == "" {
		res.Param = "id"
	}
	if !validName(res.Param) {
		return fmt.Errorf("Param %q: use letters, digits and _, beginning with a small letter or _", res.Param)
	}
	if res.Singleton && res.Index != nil {
		return fmt.Errorf("a singleton has no Index: there is one of it; use Show")
	}
	if res, err = res.withNames(p); err != nil {
		return err
	}
	base := strings.TrimSuffix(p.String(), "/")
	member := base
	if !res.Singleton {
		member += "/{" + res.Param + "}"
	}
	all := res.Plural
	if all == res.Singular {
		all += "_index"
	}
	if res.Singleton {
		all = res.Singular
	}
	defined := false
	for _, r := range []struct {
		field, method, path, name string
		action                    Action
	}{
		{"Index", "GET", base, all, res.Index},
		{"Edit", "GET", member + "/edit", "edit_" + res.Singular, res.Edit},
		{"New", "GET", base + "/new", "new_" + res.Singular, res.New},
		{"Show", "GET", member, res.Singular, res.Show},
		{"Create", "POST", base, all, res.Create},
		{"Update", "PATCH", member, res.Singular, res.Update},
		{"Update", "PUT", member, res.Singular, res.Update},
		{"Delete", "DELETE", member, res.Singular, res.Delete},
	} {
		if r.action == nil {
			continue
		}
		defined = true
		o := res.Options
		o.Name = r.name
		if o.Action != "" {
			o.Action += "." + r.field
		}
		s.add(definition{
			place: place, method: r.method, path: "/" + strings.TrimPrefix(r.path, "/"), opts: []Options{o},
			handler: &actionHandler{action: r.action, scope: s}, action: funcName(r.action),
		})
	}
	if !defined && len(nested) == 0 {
		return fmt.Errorf("no action is given, so there is no route")
	}
	return s.nest(place, base, res, nested)
}

// nest runs the blocks in a scope below one member.
func (s *Scope) nest(place, base string, res Resource, nested []func(*Scope)) error {
	if len(nested) == 0 {
		return nil
	}
	member := base
	if !res.Singleton {
		member += "/{" + paramName(res.Singular) + "_" + res.Param + "}"
	}
	p, err := parsePattern("/" + strings.TrimPrefix(member, "/"))
	if err == nil {
		p, err = s.path.join(p)
	}
	if err == nil && p.glob {
		err = fmt.Errorf("path %q: nothing can be nested below a glob", p)
	}
	if err != nil {
		return err
	}
	inner := s.open(place, p)
	inner.settings.names = append(inner.settings.names, res.Singular)
	for key, val := range maps.All(res.Options.Values) {
		if err := checkKey(key); err != nil {
			return err
		}
		inner.settings.values = withValue(inner.settings.values, key, val)
	}
	for _, block := range nested {
		if block == nil {
			return fmt.Errorf("a nested block is nil; leave it out")
		}
		inner.run(block)
	}
	return nil
}

func (r Resource) withNames(p pattern) (Resource, error) {
	if r.Plural == "" {
		for _, seg := range slices.Backward(p.segs) {
			if seg.name == "" {
				r.Plural = wordName(seg.lit)
				break
			}
		}
	}
	if r.Singular == "" && r.Singleton {
		r.Singular = r.Plural
	} else if r.Singular == "" {
		r.Singular = singular(r.Plural)
	}
	if r.Singular == "" || r.Plural == "" && !r.Singleton {
		return r, fmt.Errorf("the path has no literal to take a name from; set Plural and Singular")
	}
	for _, name := range []string{r.Plural, r.Singular} {
		if err := checkName(name); err != nil && name != "" {
			return r, err
		}
	}
	return r, nil
}
