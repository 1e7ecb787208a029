package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// Screenshot writes a picture of what the window shows to build/screenshots/NAME.png in the module's folder, and
// returns the path.
func (w *Window) Screenshot(name string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, w.timeout)
	defer cancel()
	path, err := w.screenshot(ctx, name)
	if err != nil {
		w.t.Fatalf("browser: %s: taking a picture: %v", w.name, err)
	}
	return path
}

func (w *Window) screenshot(ctx context.Context, name string) (string, error) {
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return "", err
	}
	dir, err := buildDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-", `\`, "-").Replace(name)+".png")
	return path, os.WriteFile(path, picture, 0o644)
}

// buildDir is the folder build beside go.mod; tests run in the folder of their package.
func buildDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "build"), nil
		}
		parent := filepath.Dir(at)
		if parent == at {
			return filepath.Join(dir, "build"), nil
		}
		at = parent
	}
}
