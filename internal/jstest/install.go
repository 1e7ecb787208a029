package jstest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long an installation may take, and how long to wait for that of another test binary.
const patience = 5 * time.Minute

// Install returns a folder in which node finds the packages of package-lock.json, in a folder node_modules.
//
// The first call for a content of the lock file runs npm ci; later ones, of other test binaries too, find the folder in
// the user's cache. Where node or npm is missing, the test fails and the message says what to install.
func Install(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("jstest: finding a folder for node's packages: %v", err)
	}
	dir, err := install(t.Context(), filepath.Join(cache, "bennu-jstest"), npmCI)
	if err != nil {
		t.Fatalf("jstest: %v", err)
	}
	return dir
}

// install makes the folder for the present lock file under root, with fill, unless it is there.
func install(ctx context.Context, root string, fill func(ctx context.Context, dir string) error) (string, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("these tests run the JavaScript clients and need node 20 or newer with npm: %w\n"+
				"\tDebian, Ubuntu:  apt-get install nodejs npm\n"+
				"\tmacOS:           brew install node\n"+
				"or see nodejs.org", err)
		}
	}
	manifest, err := kit.ReadFile("package.json")
	if err != nil {
		return "", err
	}
	lock, err := kit.ReadFile("package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(append([]byte{}, manifest...), lock...))
	ready := filepath.Join(root, hex.EncodeToString(sum[:8]))
	if exists(ready) {
		sweep(ready)
		return ready, nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	// The lock saves work only: the folder appears by one rename, complete or not at all.
	unlock, err := lockFile(ctx, ready+".lock")
	if err != nil {
		return "", fmt.Errorf("waiting for another test to install node's packages: %w", err)
	}
	defer unlock()
	if exists(ready) {
		return ready, nil
	}
	draft, err := os.MkdirTemp(root, "draft-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	for name, content := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
		if err := os.WriteFile(filepath.Join(draft, name), content, 0o644); err != nil {
			return "", err
		}
	}
	if err := fill(ctx, draft); err != nil {
		return "", err
	}
	if err := os.Rename(draft, ready); err != nil && !exists(ready) {
		return "", err
	}
	return ready, nil
}

// sweep removes the folders of runs that were killed before they could clean up. A run never takes a day.
func sweep(ready string) {
	old, _ := filepath.Glob(filepath.Join(ready, "run-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// npmCI installs exactly what the lock file names. No package's script runs.
func npmCI(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci: %w (it needs the npm registry once for each lock file)\n%s", err, output)
	}
	return nil
}
