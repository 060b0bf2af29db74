# Makes a machine of its own for one test, out of namespaces that Alone has
# unshared: what is written to stays in memory, and ends with them. The shell
# stays, as process 1: it buries whoever is left behind.
set -eu
programs=$1 artifacts=$2 test=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/programs /srv/artifacts
touch /srv/test
mount --bind "$test" /srv/test
mount --bind "$programs" /srv/programs
mount --bind "$artifacts" /srv/artifacts
for folder in etc usr var; do
	mkdir -p "/srv/$folder/upper" "/srv/$folder/work"
	mount -t overlay -o "lowerdir=/$folder,upperdir=/srv/$folder/upper,workdir=/srv/$folder/work" overlay "/$folder"
done
mount -t tmpfs -o mode=755 tmpfs /home
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
ip link set lo up
hostname rds1
echo "127.0.0.1 rds1" >>/etc/hosts
/srv/test "$@"
exit $?
