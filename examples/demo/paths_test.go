package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/router"
)

// The typed paths are those of the table.
func TestPathsAreFresh(t *testing.T) {
	parts, err := build(Config{Host: "127.0.0.1", Port: 4000, Secret: config.NewSecret(strings.Repeat("a secret of tests ", 4)), Assets: "assets"})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := router.WriteGo(&want, "paths", parts.Endpoint.Routes()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("web/paths/paths.go")
	if diff := cmp.Diff(want.String(), string(got)); err != nil || diff != "" {
		t.Errorf("web/paths is not what the routes say; run go generate ./examples/demo (-want +got, %v):\n%s", err, diff)
	}
	if w := parts.Endpoint.Warnings(); len(w) != 0 {
		t.Errorf("got warnings %v", w)
	}
}
