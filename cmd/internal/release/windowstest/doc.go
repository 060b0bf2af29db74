// Package windowstest installs what is built for Windows under Wine, as a
// provider would, and uses it from there.
package windowstest
