// Package proxytest runs nginx and HAProxy in tests, with the configurations that the guide on scaling gives.
//
// # Terms
//
// A node is a server of ours, a proxy stands in front of two. A configuration is a file of docs/guides/proxies, in which the tests put addresses and
// files of this machine, and shorter times where a test waits for one to pass.
//
// # Order
//
// A proxy serves when [Start] returns. It is stopped when the test ends, before what was cleaned up later in the test's order: start nodes first.
//
// # Limits
//
// Nothing is skipped: where a proxy is missing, the test fails and says what to install. Proxies listen on the loopback address only, and write
// nowhere but into folders of the test. Only tests may import this package.
//
// # Source
//
// Debian 12's nginx 1.22 and HAProxy 2.6.
package proxytest
