package rules

import (
	"slices"
	"strings"
)

// Module is the import path of the root module.
const Module = "github.com/bennu-go/bennu"

// Package is one line of [Packages].
type Package struct {
	Path string // below the module; "x/..." is x and everything below it
	Test bool   // test support: may import testing and its like, is imported by tests and test support only
}

// Packages is the order of packages: each imports only those above it. This is
// the one place to add a new package to; put it as far up as its imports allow,
// and as far down as its importers allow. What lies in an internal folder of a
// listed package counts as part of that package.
//
// Tests are free: the compiler keeps them from cycles, and a test may well use
// what stands above its package.
var Packages = []Package{
	// Values and algorithms: no goroutines, no I/O.
	{Path: "internal/race"},
	{Path: "internal/stack"},
	{Path: "internal/codec"},
	{Path: "internal/frame"},
	{Path: "internal/deflate"},
	{Path: "internal/wire"},
	{Path: "internal/orset"},
	{Path: "etf"},
	{Path: "token"},
	{Path: "csrf"},
	{Path: "internal/exchange"},
	{Path: "param"},
	{Path: "config"},
	{Path: "js"},
	{Path: "rendered"},
	{Path: "schema"},

	// Processes and what lives in them.
	{Path: "telemetry"},
	{Path: "proc"},
	{Path: "supervise"},
	{Path: "supervise/supervisetest", Test: true},
	{Path: "ets"},
	{Path: "pubsub"},
	{Path: "pubsub/pubsubtest", Test: true},
	{Path: "cache"},
	{Path: "changeset"},
	{Path: "query"},

	// Requests and connections.
	{Path: "session"},
	{Path: "plug"},
	{Path: "router"},
	{Path: "transport"},
	{Path: "presence"},
	{Path: "repo"},
	{Path: "form"},

	// What users define.
	{Path: "controller"},
	{Path: "channel"},
	{Path: "mailer"},
	{Path: "jobs"},
	{Path: "live"},
	{Path: "channeltest", Test: true},

	// The whole.
	{Path: "internal/debugpage"},
	{Path: "endpoint"},
	{Path: "app"},
	{Path: "cluster"},
	{Path: "conntest", Test: true},
	{Path: "livetest", Test: true},
	{Path: "repotest", Test: true},

	// Tools.
	{Path: "internal/templc"},
	{Path: "internal/gen"},
	{Path: "dashboard"},
	{Path: "cmd/bennu"},

	// What no application links.
	{Path: "internal/rules"},
	{Path: "internal/browser", Test: true},
	{Path: "internal/jstest/...", Test: true},
	{Path: "internal/proxytest", Test: true},
	{Path: "examples/..."},
	{Path: "docs/guides/code/..."},
	{Path: "bench/..."},
}

// testOnly are the import paths, and those below them, that only tests and
// test support may import.
var testOnly = []string{
	"testing",
	"net/http/httptest",
	"github.com/google/go-cmp",
	"go.uber.org/goleak",
	"pgregory.net/rapid",
	"github.com/chromedp",
	"github.com/alicebob/miniredis",
}

func isTestOnly(path string) bool {
	return slices.ContainsFunc(testOnly, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// position is the index in packages of the line that covers a path below the
// module; ok is false if none does.
func position(packages []Package, path string) (i int, ok bool) {
	// What is internal to a package is part of it.
	if before, _, found := strings.Cut(path, "/internal/"); found {
		path = before
	}
	for i, p := range packages {
		tree, isTree := strings.CutSuffix(p.Path, "/...")
		if path == p.Path || isTree && (path == tree || strings.HasPrefix(path, tree+"/")) {
			return i, true
		}
	}
	return 0, false
}
