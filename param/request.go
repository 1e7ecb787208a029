package param

import (
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
)

// request is what is known of one request.
type request struct {
	rawQuery string // that query was decoded from
	query    Map    // nil before it was decoded
	queryErr error
	body     Map
	pattern  string // that merged was made with
	merged   Map    // nil before it was made
}

var requestKey = exchange.NewKey[*request]("params")

// of returns what is kept beside r, or something to forget.
func of(r *http.Request) *request {
	x := exchange.Of(r)
	if p, ok := requestKey.Get(x); ok {
		return p
	}
	p := &request{}
	if x != nil {
		requestKey.Set(x, p)
	}
	return p
}

// Of returns the parameters of r: those of the path over those of the body over those of the query. Bodies are known behind plug.Parsers,
// values of the path behind the router (any that sets Pattern and PathValue, as http.ServeMux does). A query that does not decode counts as
// empty; plug.Parsers refuses those. Of never returns nil.
func Of(r *http.Request) Map {
	p := of(r)
	if p.merged != nil && p.pattern == r.Pattern && p.rawQuery == r.URL.RawQuery {
		return p.merged
	}
	query, _ := p.decode(r)
	names := pathNames(r.Pattern)
	p.pattern = r.Pattern
	if len(p.body) == 0 && len(names) == 0 {
		p.merged = query
		return query
	}
	m := make(Map, len(query)+len(p.body)+len(names))
	for k, v := range query {
		m[k] = v
	}
	for k, v := range p.body {
		m[k] = v
	}
	for _, name := range names {
		m[name] = r.PathValue(name)
	}
	p.merged = m
	return m
}

// Lookup returns what [Of] has under name, without merging the rest.
func Lookup(r *http.Request, name string) (any, bool) {
	if v := r.PathValue(name); v != "" {
		return v, true
	}
	if v, ok := Body(r)[name]; ok {
		return v, true
	}
	if r.URL.RawQuery == "" {
		return nil, false
	}
	v, ok := Query(r)[name]
	return v, ok
}

// Query returns the parameters of r's query, and none if it does not decode.
func Query(r *http.Request) Map {
	m, _ := of(r).decode(r)
	return m
}

// CheckQuery returns why the query of r does not decode, as [Decode] says, or nil.
func CheckQuery(r *http.Request) error {
	_, err := of(r).decode(r)
	return err
}

func (p *request) decode(r *http.Request) (Map, error) {
	if p.query == nil || p.rawQuery != r.URL.RawQuery {
		p.rawQuery, p.merged = r.URL.RawQuery, nil
		if p.query, p.queryErr = Decode(r.URL.RawQuery); p.queryErr != nil {
			p.query = Map{}
		}
	}
	return p.query, p.queryErr
}

// Body returns the parameters of r's body, as plug.Parsers has read them. It is nil if there is none or it was not parsed.
func Body(r *http.Request) Map {
	if x := exchange.Of(r); x != nil {
		if p, ok := requestKey.Get(x); ok {
			return p.body
		}
	}
	return nil
}

// Get returns the map under name in the parameters of r: user[name]=ada has one under "user". Where there is none it returns an empty one, so that
// binding tells which fields are missing.
func Get(r *http.Request, name string) Map {
	if m, ok := asMap(Of(r)[name]); ok {
		return m
	}
	return Map{}
}

// SetBody puts body in place of the parameters of r's body. It is for parsers; it returns the writer and request to go on with.
func SetBody(w http.ResponseWriter, r *http.Request, body Map) (http.ResponseWriter, *http.Request) {
	_, w, r = exchange.Begin(w, r)
	p := of(r)
	p.body, p.merged = body, nil
	return w, r
}

// SetQuery puts query in place of the decoded query of r, until r has another. It returns the writer and request to go on with.
func SetQuery(w http.ResponseWriter, r *http.Request, query Map) (http.ResponseWriter, *http.Request) {
	_, w, r = exchange.Begin(w, r)
	if query == nil {
		query = Map{}
	}
	p := of(r)
	p.rawQuery, p.query, p.queryErr, p.merged = r.URL.RawQuery, query, nil, nil
	return w, r
}

// pathNames returns the names in a pattern: "GET /users/{id}/files/{rest...}" has id and rest.
func pathNames(pattern string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(pattern, "{")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return names
		}
		pattern = after
		name, _, _ = strings.Cut(name, ":") // chi: {id:[0-9]+}
		name = strings.TrimSuffix(name, "...")
		if name != "" && name != "$" {
			names = append(names, name)
		}
	}
}
