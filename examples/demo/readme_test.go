package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadme runs the lines with curl that the README shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## The demo's API")
	_, script, _ := strings.Cut(section, "```sh\n")
	script, _, found := strings.Cut(script, "```")
	if !found || strings.Count(script, "curl ") != 7 {
		t.Fatalf("the README has no such lines any more:\n%s", script)
	}
	d := startDemo(t, path{})
	script = strings.ReplaceAll(script, "localhost:4000", d.addr)
	script = "curl() { command curl -w ' %{http_code}\\n' \"$@\"; }\n" + script // each answer on a line, with its status
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euc", script)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	want := []string{
		`{"data":{"id":1,"name":"Ada","email":"ada@example.com","avatar":null,"inserted_at":"TIME"}} 201`,
		`{"errors":{"email":["must have an @ sign and no spaces"],"name":["has already been taken"],"password":["must have at least 8 characters"]}} 422`,
		`{"data":[{"id":1,"name":"Ada","email":"ada@example.com","avatar":null,"inserted_at":"TIME"}],"links":{"first":"/api/v1/users?page[number]=1&page[size]=10",` +
			`"last":"/api/v1/users?page[number]=1&page[size]=10","next":null,"prev":null},"meta":{"pages":1,"total":1}} 200`,
		`{"data":{"id":1,"name":"Lovelace","email":"ada@example.com","avatar":null,"inserted_at":"TIME"}} 200`,
		` 204`,
		`{"errors":{"detail":"token not accepted"}} 401`,
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i, line := range got {
		if before, rest, ok := strings.Cut(line, `"inserted_at":"`); ok {
			_, after, _ := strings.Cut(rest, `"`)
			got[i] = before + `"inserted_at":"TIME"` + after
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
