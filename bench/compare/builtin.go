package main

import "slices"

// The paths of Bennu, as rows.
const (
	poller   = "bennu"          // as it comes: on Linux the poller
	portable = "bennu-portable" // a goroutine a connection
	secure   = "bennu-tls"
)

// plain are the paths that are held against the floors, which speak no TLS.
var plain = []string{poller, portable}

// builtin is a server that is built here.
type builtin struct {
	name, command string
	// only lists the scenarios that it takes part in; nil means all.
	only []string
}

const fromHere = "go run github.com/bennu-go/bennu/bench/"

// builtins are the servers that are measured unless -servers leaves them out,
// in the order of the rows.
func builtins() []builtin {
	const places = " -addr {addr} -admin {admin}"
	all := []builtin{
		{name: "epoll", command: fromHere + "floor" + places + " -kind epoll"},
		{name: "hijack", command: fromHere + "floor" + places + " -kind hijack"},
		{name: poller, command: fromHere + "server" + places},
		{name: portable, command: fromHere + "server" + places + " -engine portable"},
		// Behind a relay that decrypts: its own latency and rate say nothing.
		{name: secure, command: fromHere + "server" + places + " -tls", only: []string{"idle", "fanout-big"}},
	}
	for _, lib := range []string{"gorilla", "coder", "gws", "nbio"} {
		all = append(all, builtin{
			name: lib, command: fromHere + "libs" + places + " -lib " + lib,
			only: []string{"idle", "fanout-small", "fanout-big", "echo-10", "echo-big"},
		})
	}
	return all
}

// isBuiltin knows the servers by name; no other may have theirs.
func isBuiltin(name string) bool {
	return slices.ContainsFunc(builtins(), func(b builtin) bool { return b.name == name })
}

// isFloor knows the floors by name.
func isFloor(name string) bool { return name == "epoll" || name == "hijack" }

// takesPart reports whether s is to be measured in sc.
func (s spec) takesPart(sc scenario) bool {
	if sc.floor == "" && isFloor(s.name) {
		return false
	}
	return s.only == nil || slices.Contains(s.only, sc.name)
}
