# etc: the sample configuration, the list of Debian packages, and the scripts that stand at the top. An edited rankfs.conf is never overwritten.
EXTRA_DIST += etc/rankfs.conf etc/packages.sh quickstart run-tests .ci/run

install-data-local: install-rankfs-conf
uninstall-local: uninstall-rankfs-conf
phony_targets += install-rankfs-conf uninstall-rankfs-conf

install-rankfs-conf:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/rankfs'
	test -e '$(DESTDIR)$(sysconfdir)/rankfs/rankfs.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/rankfs.conf' '$(DESTDIR)$(sysconfdir)/rankfs/rankfs.conf'

uninstall-rankfs-conf:
	if cmp -s '$(srcdir)/etc/rankfs.conf' '$(DESTDIR)$(sysconfdir)/rankfs/rankfs.conf'; then \
		rm -f '$(DESTDIR)$(sysconfdir)/rankfs/rankfs.conf'; fi
