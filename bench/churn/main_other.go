//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "churn: the server is read by the means of Linux, and this does not work on %s\n", runtime.GOOS)
	os.Exit(1)
}
