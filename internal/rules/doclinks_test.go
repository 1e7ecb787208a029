package rules

import "testing"

func TestDocLinks(t *testing.T) {
	files := map[string]string{
		"low/low.go": `// Package low has [Thing], [Thing.Do], [*Thing], [Thing.Field], [Thing.Close], [Thing.Lock], [Reader.Read],
// [Box.Open], [Limit], [New], [Named.Field], [Alias.Do] and [io.Reader] and [sync.Mutex.Lock].
// It also has [Missing], [Thing.Missing], [Limit.X], a [word], an index a[N], and [N, M].
package low

import (
	"io"
	"sync"
)

type base struct{}

func (*base) Close() error { return nil }

type Thing struct {
	// Field is like [Field].
	Field int
	sync.Mutex
	*base
}

func (t *Thing) Do() {}

type Reader interface{ io.Reader }

type Box[T any] struct{}

func (b *Box[T]) Open() {}

type Named Thing

type Alias = Thing

const Limit = 1

// New is declared. The code below is none of ours.
//
//	[NotALink]
//
// And then:
//   - a list with [Absent]
func New() {}
`,
		"high/high.go": `// Package high uses [low.Thing] and [low.Thing.Do], not [low.Gone] nor [elsewhere.Thing].
// It knows [github.com/bennu-go/bennu/low.New], [github.com/bennu-go/bennu/gone.New], [low],
// [net/http.Handler], [net/http.Gone], [net/gone.X], [context.Context], [json.Decoder] and [github.com/google/go-cmp/cmp.Diff].
//
// [Defined] is a link.
//
// [Defined]: https://example.org
package high

import "github.com/bennu-go/bennu/low"

var _ low.Thing

// hidden is not exported, and its comment is held to the rule: [Nope].
func hidden() {
	// [Ignored] is within a function.
}
`,
		"high/high_test.go": `package high_test

// helper uses [Thing], which is a test's.
func helper() {}

// Thing is not seen by [hidden] nor by high.go.
type Thing struct{}
`,
	}
	const mend = "mend the name, or take the brackets away if it is no link"
	const full = "is not imported here; write its full import path, or take the brackets away"
	wantProblems(t, DocLinks(treeOf(t, files)),
		"high/high.go:1:1: [low.Gone] does not exist; "+mend,
		"high/high.go:1:1: [elsewhere.Thing]: package elsewhere "+full,
		"high/high.go:1:1: [github.com/bennu-go/bennu/gone.New]: there is no package github.com/bennu-go/bennu/gone",
		"high/high.go:1:1: [net/http.Gone] does not exist; "+mend,
		"high/high.go:1:1: [net/gone.X]: there is no package net/gone",
		"high/high.go:1:1: [json.Decoder]: package json "+full,
		"high/high.go:14:1: [Nope] does not exist; "+mend,
		"low/low.go:1:1: [Missing] does not exist; "+mend,
		"low/low.go:1:1: [Thing.Missing] does not exist; "+mend,
		"low/low.go:1:1: [Limit.X] does not exist; "+mend,
		"low/low.go:16:2: [Field] does not exist; "+mend,
		"low/low.go:36:1: [Absent] does not exist; "+mend,
	)
}
