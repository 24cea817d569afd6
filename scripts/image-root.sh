#!/bin/sh
# image-root.sh FOLDER
#
# Puts into the folder what the image needs of its base: Node's program, the libraries that it is linked with, and what scanners
# read to know them: the distribution, and Debian's packages of the libraries. There is no shell, and nothing else to run.
set -eu
root=$1
node=$(readlink -f "$(command -v node)")
libraries=$(ldd "$node" | grep -o '/[^ ]*')

put() {
  mkdir -p "$root${2%/*}"
  cp -L "$1" "$root$2"
}

put "$node" /usr/local/bin/node
if [ -e "${node%/bin/node}/LICENSE" ]; then put "${node%/bin/node}/LICENSE" /usr/share/doc/node/copyright; fi
put /etc/os-release /etc/os-release
mkdir -p "$root/var/lib/dpkg/status.d"
for library in $libraries; do
  put "$library" "$library"
  # dpkg knows some of them below /usr, where /lib leads
  package=$(dpkg-query --search "*${library#/usr}" | sed -n '1s/: .*//p')
  name=${package%%:*}
  # where scanners look in images without dpkg
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$name"
  license=/usr/share/doc/$name/copyright
  if [ -e "$license" ]; then put "$license" "$license"; fi
done

cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/:/sbin/nologin
nonroot:x:65532:65532:nonroot:/:/sbin/nologin
END
cat >"$root/etc/group" <<'END'
root:x:0:
nonroot:x:65532:
END
# names of hosts: /etc/hosts before DNS
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
