//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "storm: servers are signalled and read by the means of Linux, and do not work on %s\n", runtime.GOOS)
	os.Exit(1)
}
