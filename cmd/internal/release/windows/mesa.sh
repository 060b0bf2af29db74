# Builds Mesa's OpenGL that draws by itself (softpipe) for Windows, in the folder
# that it runs in, from the source package of Debian 12. It leaves opengl32.dll,
# libgallium_wgl.dll and license.rst in the folder result. mesa.ini stands beside
# it. It takes some 8 minutes on two cores.
set -eu
version=22.3.6
sum=737cb8e5d380ce1a0ad01fb8b74db7f27303435c353e753d2302e8cf3927bad2

# apt finds the mirror's way and checks its signature; the host's own lists don't
# have sources.
echo "deb-src http://deb.debian.org/debian bookworm main" >sources.list
mkdir -p lists/partial cache/archives/partial
apt="-q -o Dir::Etc::SourceList=$PWD/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$PWD/lists -o Dir::Cache=$PWD/cache"
if ! apt-get $apt -o APT::Update::Error-Mode=any update || ! apt-get $apt source --download-only --tar-only mesa; then
	echo "The source of Mesa can't be fetched from deb.debian.org: the programs for Windows need it once on each machine." >&2
	exit 1
fi
echo "$sum  mesa_$version.orig.tar.gz" | sha256sum --check --strict
tar -xzf "mesa_$version.orig.tar.gz"

# softpipe sets aside memory for textures by this number: 490 MB for a program, or
# 190 MB.
sed -i 's/#define PIPE_MAX_SHADER_SAMPLER_VIEWS 128/#define PIPE_MAX_SHADER_SAMPLER_VIEWS 32/' mesa-$version/src/gallium/include/pipe/p_state.h
grep -q 'PIPE_MAX_SHADER_SAMPLER_VIEWS 32$' mesa-$version/src/gallium/include/pipe/p_state.h

# Debian's meson is for Debian's Python, which need not be the first in PATH.
PATH=/usr/bin:/bin
export PATH
meson setup build mesa-$version --cross-file mesa.ini --buildtype release -Db_ndebug=true -Dplatforms=windows \
	-Dc_args="-ffile-prefix-map=$PWD=." -Dcpp_args="-ffile-prefix-map=$PWD=." \
	-Dgallium-drivers=swrast -Dvulkan-drivers= -Dllvm=disabled -Dopengl=true -Dgles1=disabled -Dgles2=disabled -Degl=disabled -Dglx=disabled \
	-Dzlib=disabled -Dzstd=disabled -Dshader-cache=disabled -Dgallium-vdpau=disabled -Dgallium-va=disabled -Dgallium-xa=disabled \
	-Dbuild-tests=false -Dmicrosoft-clc=disabled
ninja -C build
mkdir result
cp build/src/gallium/targets/libgl-gdi/opengl32.dll build/src/gallium/targets/wgl/libgallium_wgl.dll mesa-$version/docs/license.rst result/
