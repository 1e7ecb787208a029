package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Upload chooses a file of this machine in the file field with the testid.
func (w *Window) Upload(testid, path string) {
	w.t.Helper()
	w.do(fmt.Sprintf("choosing %s in %q", path, testid), chromedp.SetUploadFiles(selector(testid), []string{path}))
}

// Download clicks the element with the testid, and returns the name that the browser would save the file under, and what is in it.
func (w *Window) Download(testid string) (name string, content []byte) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, w.timeout)
	defer cancel()
	dir := w.t.TempDir()
	begin, progress := chromedp.Events(ctx, browser.DownloadWillBegin), chromedp.Events(ctx, browser.DownloadProgress)
	yes := true
	_, err := chromedp.Call(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID, DownloadPath: dir, EventsEnabled: &yes,
	})
	if err != nil {
		w.t.Fatalf("browser: %s: allowing downloads: %v", w.name, err)
	}
	w.Click(testid)
	for e, err := range begin {
		if err != nil {
			w.t.Fatalf("browser: %s: no download began at %q: %v", w.name, testid, err)
		}
		name = e.SuggestedFilename
		break
	}
	for e, err := range progress {
		switch {
		case err != nil:
			w.t.Fatalf("browser: %s: downloading %s: %v", w.name, name, err)
		case e.State == browser.DownloadProgressStateInProgress:
			continue
		case e.State == browser.DownloadProgressStateCanceled:
			w.t.Fatalf("browser: %s: the download of %s was cancelled", w.name, name)
		}
		if content, err = os.ReadFile(filepath.Join(dir, e.GUID)); err != nil {
			w.t.Fatalf("browser: %s: %v", w.name, err)
		}
		break
	}
	return name, content
}

// Back goes back in the window's history, as its back button does, and waits until the page is there.
func (w *Window) Back() {
	w.t.Helper()
	w.do("going back", chromedp.NavigateBack())
}
