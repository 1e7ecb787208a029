// Package pubsubtest holds what tests of pubsub need: a [Cluster] of nodes in memory, whose links can be cut, slowed and made to lose messages, and
// [TestAdapter], the suite that every pubsub.Adapter passes.
//
// # Terms
//
// A link leads from one node to another, in one direction. A message is under way from when it is published to when it is handed to the
// node that it is for.
//
// # Order
//
// In a Cluster a link keeps the order of messages, also while its delay changes. Links do not wait for each other. Each node is handed its messages
// one after the other, on the goroutine of its adapter's Run, and nothing else runs: a Cluster works in real time and in the virtual time of a
// testing/synctest bubble, and leaves no goroutine behind.
//
// # Limits
//
// What is under way is not bounded: a Cluster is for tests.
//
// # Source
//
// The contract is that of pubsub.Adapter; what has to be proved of one follows the suites of phoenix_pubsub 2.2.0 and its Redis adapter.
package pubsubtest
