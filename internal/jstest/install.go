package jstest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
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
	dir, err := install(t.Context(), cacheDir(t), kit, []string{"package.json", "package-lock.json"}, npmCI)
	if err != nil {
		t.Fatalf("jstest: %v", err)
	}
	sweep(dir)
	return dir
}

// Bundle returns the folder dist that "npm ci && npm run build" makes of a copy of an npm project: the folder source
// without its node_modules and dist. It is built once for each content of source, so that tests of a page need no build
// by hand and never see a stale one.
func Bundle(t testing.TB, source string) string {
	t.Helper()
	files, err := project(os.DirFS(source))
	if err != nil {
		t.Fatalf("jstest: reading %s: %v", source, err)
	}
	dir, err := install(t.Context(), cacheDir(t), os.DirFS(source), files, npmBuild)
	if err != nil {
		t.Fatalf("jstest: building %s: %v", source, err)
	}
	return filepath.Join(dir, "dist")
}

func cacheDir(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("jstest: finding a folder for node's packages: %v", err)
	}
	return filepath.Join(cache, "bennu-jstest")
}

// project lists the files that a build of an npm project depends on.
func project(source fs.FS) ([]string, error) {
	files := []string{}
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == "node_modules" || path == "dist"):
			return fs.SkipDir
		case entry.Type().IsRegular():
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// install makes a folder under root that holds the files of source and what fill adds to them, unless one of the same
// content is there.
func install(ctx context.Context, root string, source fs.FS, files []string, fill func(ctx context.Context, dir string) error) (string, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("these tests run the JavaScript clients and need node 20 or newer with npm: %w\n"+
				"\tDebian, Ubuntu:  apt-get install nodejs npm\n"+
				"\tmacOS:           brew install node\n"+
				"or see nodejs.org", err)
		}
	}
	contents := make(map[string][]byte, len(files))
	sum := sha256.New()
	for _, name := range files {
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return "", err
		}
		contents[name] = content
		fmt.Fprintf(sum, "%q %d\n", name, len(content))
		sum.Write(content)
	}
	ready := filepath.Join(root, hex.EncodeToString(sum.Sum(nil)[:8]))
	if exists(ready) {
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
	for name, content := range contents {
		path := filepath.Join(draft, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
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
	return npm(ctx, dir, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
}

// npmBuild installs and bundles; the packages that did it are not kept.
func npmBuild(ctx context.Context, dir string) error {
	if err := npmCI(ctx, dir); err != nil {
		return err
	}
	if err := npm(ctx, dir, "run", "build", "--loglevel=error"); err != nil {
		return err
	}
	if !exists(filepath.Join(dir, "dist")) {
		return errors.New("npm run build made no folder dist")
	}
	return os.RemoveAll(filepath.Join(dir, "node_modules"))
}

func npm(ctx context.Context, dir string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm %s: %w (the first run for a lock file needs the npm registry)\n%s", args[0], err, output)
	}
	return nil
}
