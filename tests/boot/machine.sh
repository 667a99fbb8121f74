#!/bin/bash
# A machine in namespaces of its own, in which the real systemd is process 1; machine.py starts it.
#   machine.sh outer FOLDER LEAF...    holds the machine's disk, an overlay of this machine's in memory, and boots it;
#                                      LEAFs are control groups of its own
#   machine.sh inner FOLDER            one boot of it, from the mounts to systemd
# Whatever is written in it is in memory and ends with it.
set -eu
folder=$2 root=$2/root disk=$2/disk
reboot=133  # what systemd ends with when it is to be started again

outer() {
    for leaf in "$@"; do echo $$ >"$leaf/cgroup.procs"; done
    mount --make-rprivate /
    mount -t tmpfs -o mode=755 syncd-boot "$disk"
    mkdir "$disk/upper" "$disk/work"
    mount -t overlay syncd-boot -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
    prepare
    code=$reboot
    while [ "$code" = "$reboot" ]; do
        code=0
        setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --uts --ipc --cgroup --net \
            bash "$0" inner "$folder" || code=$?
    done
    return "$code"
}

# Once, before the first boot: the machine starts nothing of what this one starts, and remembers nothing of it.
prepare() {
    units=$root/etc/systemd/system
    rm -rf "$units" "$root/var/log/journal" "$root/etc/hostname"
    mkdir -p "$units" "$root/var/log/journal" "$root/mnt/old" "$root/etc/systemd/journald.conf.d"
    echo boot >"$root/etc/hostname"
    # Its disk is memory.
    printf '[Journal]\nSystemMaxUse=64M\n' >"$root/etc/systemd/journald.conf.d/small.conf"
    # With PAM, sshd lets nobody in before systemd-user-sessions has taken /run/nologin away.
    cat >"$units/test.target" <<-END
	[Unit]
	Requires=basic.target dbus.socket
	Wants=multi-user.target systemd-user-sessions.service
	After=basic.target dbus.socket systemd-user-sessions.service multi-user.target
	AllowIsolate=yes
	END
    mkdir "$units/multi-user.target.wants"
    # What would reach through to the kernel that both share, or waits for devices that are not there.
    for unit in systemd-{sysctl,modules-load,remount-fs,update-utmp,binfmt,timesyncd,networkd,resolved,udevd,logind}.service \
        systemd-journald-audit.socket sys-kernel-{debug,tracing,config}.mount sys-fs-fuse-connections.mount \
        dev-{hugepages,mqueue}.mount tmp.mount getty.target timers.target remote-fs.target cryptsetup.target; do
        ln -s /dev/null "$units/$unit"
    done
    # Nor does it start what packages of this machine have enabled below /lib.
    for unit in "$root"/lib/systemd/system/multi-user.target.wants/*; do
        name=$(basename "$unit")
        case $name in systemd-user-sessions.service | dbus.service) ;; *) ln -sf /dev/null "$units/$name" ;; esac
    done
}

inner() {
    mount --make-rprivate /
    kernel_files
    devices
    groups
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    ip link set lo up
    hostname boot
    cd "$root"
    pivot_root . mnt/old
    umount -l /mnt/old
    mount --make-rshared /  # else what LoadCredential= mounts is not seen by the service
    exec env -i container=syncd-boot LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set=-sys_module,-sys_rawio,-sys_boot,-sys_time,-mac_admin,-mac_override --inh-caps=-all \
        /lib/systemd/systemd --system --unit=test.target --log-target=journal --show-status=no
}

kernel_files() {
    mount -t proc proc "$root/proc"
    # The kernel's settings are this machine's too.
    for each in sys sysrq-trigger irq bus; do
        [ -e "$root/proc/$each" ] || continue
        mount --bind "$root/proc/$each" "$root/proc/$each"
        mount -o remount,bind,ro "$root/proc/$each"
    done
    mount -t sysfs -o ro sysfs "$root/sys"
}

devices() {
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir "$root/dev/pts" "$root/dev/shm"
    for node in null zero full random urandom tty; do
        touch "$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    for fd in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${fd%:*}" "$root/dev/${fd#*:}"; done
    touch "$root/dev/console"
    mount --bind "$folder/console" "$root/dev/console"
}

# The control groups as this machine has them, each from our own leaf downwards.
groups() {
    if ! grep -q '^[1-9]' /proc/self/cgroup; then
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
        return
    fi
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/unified"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    awk -F: '$2 != "" { print $2 }' /proc/self/cgroup | while read -r name; do
        mkdir "$root/sys/fs/cgroup/${name#name=}"
        case $name in name=*) options=none,$name ;; cpuset) options=ro,$name ;; *) options=$name ;; esac
        mount -t cgroup -o "$options" cgroup "$root/sys/fs/cgroup/${name#name=}"
    done
}

what=$1
shift 2
"$what" "$@"
