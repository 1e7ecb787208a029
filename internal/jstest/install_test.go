package jstest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var lockFiles = []string{"package.json", "package-lock.json"}

func TestInstallOnce(t *testing.T) {
	root := t.TempDir()
	var filled atomic.Int32
	fill := func(_ context.Context, dir string) error {
		filled.Add(1)
		return os.WriteFile(filepath.Join(dir, "mark"), nil, 0o644)
	}
	var wg sync.WaitGroup
	dirs := make([]string, 8)
	for i := range dirs {
		wg.Go(func() {
			dir, err := install(t.Context(), root, kit, lockFiles, fill)
			if err != nil {
				t.Error(err)
			}
			dirs[i] = dir
		})
	}
	wg.Wait()
	if got := filled.Load(); got != 1 {
		t.Errorf("filled %d times, want once", got)
	}
	for _, dir := range dirs {
		if dir != dirs[0] {
			t.Errorf("got folders %s and %s", dir, dirs[0])
		}
		for _, name := range []string{"mark", "package.json", "package-lock.json"} {
			if !exists(filepath.Join(dir, name)) {
				t.Errorf("%s is missing", name)
			}
		}
	}
}

func TestInstallFailureLeavesNothing(t *testing.T) {
	root := t.TempDir()
	broken := errors.New("no registry")
	if _, err := install(t.Context(), root, kit, lockFiles, func(context.Context, string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			t.Errorf("left %s", entry.Name())
		}
	}
	if _, err := install(t.Context(), root, kit, lockFiles, func(context.Context, string) error { return nil }); err != nil {
		t.Errorf("after a failure: %v", err)
	}
}

func TestInstallTeachesWithoutNode(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := install(t.Context(), t.TempDir(), kit, lockFiles, npmCI)
	if err == nil || !strings.Contains(err.Error(), "apt-get install nodejs npm") {
		t.Errorf("got %v", err)
	}
}

func TestInstallWaitsNoLongerThanTheTest(t *testing.T) {
	root := t.TempDir()
	holding, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_, _ = install(context.Background(), root, kit, lockFiles, func(context.Context, string) error {
			close(holding)
			<-release
			return nil
		})
	}()
	<-holding
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("the test is over")
	cancel(over)
	if _, err := install(ctx, root, kit, lockFiles, npmCI); !errors.Is(err, over) {
		t.Errorf("got %v, want %v", err, over)
	}
	close(release)
	<-done
}

func TestLockFileCarriesNoAddresses(t *testing.T) {
	lock, err := kit.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("package-lock.json names download addresses: npm config set omit-lockfile-registry-resolved true, then write it anew")
	}
}

// TestBundle builds the smallest project there is: one without packages, whose build is a script of node.
func TestBundle(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	source := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(dir string) string {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(dir, "out.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	write("package.json", `{"name":"small","version":"1.0.0","private":true,"scripts":{"build":"node build.js"}}`)
	write("package-lock.json", `{"name":"small","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"small","version":"1.0.0"}}}`)
	write("build.js", `const fs = require("fs"); fs.mkdirSync("dist"); fs.copyFileSync("src/in.txt", "dist/out.txt")`)
	write("src/in.txt", "one")
	write("dist/out.txt", "stale")
	write("node_modules/junk", "junk")

	first := Bundle(t, source)
	if got := read(first); got != "one" {
		t.Errorf("got %q, want what the build makes", got)
	}
	if again := Bundle(t, source); again != first {
		t.Errorf("an unchanged project was built again, in %s", again)
	}
	write("src/in.txt", "two")
	if got := read(Bundle(t, source)); got != "two" {
		t.Errorf("got %q after a change", got)
	}
	if exists(filepath.Join(filepath.Dir(first), "node_modules")) {
		t.Error("node_modules were copied or kept")
	}
}
