//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "scale: namespaces and TUN devices are Linux's, and there are none like them on %s\n", runtime.GOOS)
	os.Exit(1)
}
