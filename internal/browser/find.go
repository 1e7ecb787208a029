package browser

import (
	"fmt"
	"os"
	"os/exec"
)

// names are tried in this order: Debian's, Ubuntu's and Fedora's Chromium, then Google's and Microsoft's builds.
func names() []string {
	return []string{
		"chromium",
		"chromium-browser",
		"google-chrome-stable",
		"google-chrome",
		"chrome",
		"microsoft-edge",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
		`C:\Program Files\Google\Chrome\Application\chrome.exe`,
	}
}

// find returns the executable to start: the given one, or the first of the names that is there.
func find(given string, names []string) (string, error) {
	if given != "" {
		path, err := exec.LookPath(given)
		if err != nil {
			return "", fmt.Errorf("browser: no executable %q (from Config.Path or BENNU_CHROMIUM): %w", given, err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("browser: no Chromium on this machine (searched PATH=%s). Install one:\n"+
		"\tDebian, Ubuntu:  apt-get install chromium\n"+
		"\tFedora:          dnf install chromium\n"+
		"\tmacOS:           brew install --cask google-chrome\n"+
		"or name one in the variable BENNU_CHROMIUM", os.Getenv("PATH"))
}
