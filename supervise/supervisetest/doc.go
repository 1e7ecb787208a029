// Package supervisetest runs services in tests, and proves that they can be supervised.
//
// [Start] runs a service for the length of a test. [TestRestart] is a suite for every service: that it can be stopped and run again and is as new,
// leaks no goroutine, ends promptly when its context does and within its stop time-out. It runs inside a
// testing/synctest bubble, so what it tests must keep to channels and the time package, with networks in memory.
package supervisetest
