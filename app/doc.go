// Package app is what the binary of an application does when it is called: serve, check that it is healthy, print its routes.
//
// # Terms
//
// An [App] is a name, settings and a function that wires the application from them ([Parts]). A command is the first argument: one of
//
//	server    serves until the process is told to stop
//	health    asks the instance that runs on this machine whether it is ready, and exits with 0 or 1: a check for containers that needs no shell
//	routes    prints the table, -json for programs, and what is suspicious about it on standard error
//	paths     writes the typed paths, for go generate
//	config    prints the variables that settings come from
//
// or one of the application's own ([Command]). Only server opens a listener. Without a command the help is printed.
//
// # Order
//
// Settings are read and the application is wired anew by each command but config. SIGINT and SIGTERM end the command's context, so that a server stops in order; a second
// one ends the process at once. The exit status is 0; 1 if the command returned an error, which goes to standard error; 2 if there is no such command or flag.
//
// # Limits
//
// A health check takes 5 seconds at most. It does not verify the certificate of TLS: it talks to this machine, by address.
//
// # Source
//
// Phoenix 1.8: bin/app of mix release, and mix phx.routes.
package app
