@echo off
rem Runs Acervo in containers on this machine: what scripts/deploy.sh does, for Windows.
rem usage: scripts\deploy.bat COMMAND
setlocal EnableExtensions EnableDelayedExpansion
cd /d "%~dp0.."

set "RAG=rag-server"
set "API=api-server"
set "OTHERS=api-worker api-scheduler"
set "DATA=/app/data"
if not defined ACERVO_PROFILES set "ACERVO_PROFILES=prod"
if not defined ACERVO_WAIT set "ACERVO_WAIT=300"
set "FLAGS="
set "POSTGRES="
for %%p in (%ACERVO_PROFILES%) do (
    set "FLAGS=!FLAGS! --profile %%p"
    if "%%p"=="dev" (
        set "RAG=rag-server-dev"
        set "API=api-server-dev"
        set "OTHERS="
        set "DATA=/work/data"
    )
)

for %%p in (%ACERVO_PROFILES%) do if "%%p"=="postgres" set "POSTGRES=1"

set "COMMAND=%~1"
set "ARGUMENT=%~2"
if "%COMMAND%"=="" goto help
for %%c in (help deploy build start stop restart status logs update rollback backup cleanup) do (
    if "%COMMAND%"=="%%c" goto known
)
call :help
exit /b 64

:known
if "%COMMAND%"=="help" goto help
call :find_compose
if errorlevel 1 exit /b 1
call :use_tag
call :%COMMAND%
exit /b %ERRORLEVEL%

:help
echo usage: scripts\deploy.bat COMMAND
echo   deploy               check, make secrets where there are none, build, start, wait until all is healthy
echo   build                build the images of what is checked out
echo   start, stop, restart [rag^|api^|worker^|scheduler^|redis]
echo   status               what runs, and how it is
echo   logs [rag^|api^|worker^|scheduler^|redis]      follow the logs, from the last 100 lines
echo   update [TAG]         back up, fetch or build what is newest, switch; goes back by itself if it does not start
echo   rollback             go back to the images before the last update
echo   backup [FOLDER]      stop briefly, pack the volumes into FOLDER, start again
echo   cleanup [--data]     remove containers and old images; with --data what is stored too, after asking
echo   help
echo ACERVO_PROFILES chooses what runs: prod (default), dev, "prod postgres".
exit /b 0

:deploy
call :check
if errorlevel 1 exit /b 1
call :build
if errorlevel 1 exit /b 1
goto bring_up

:build
call :checked_out
set "ACERVO_TAG=%TAG%"
echo == building %ACERVO_TAG% (the first time takes an hour, later ones minutes)
call %COMPOSE% %FLAGS% build
if errorlevel 1 exit /b 1
call :remember_tag %ACERVO_TAG%
exit /b 0

:start
call :check
if errorlevel 1 exit /b 1
:bring_up
echo == starting (%ACERVO_PROFILES%, %ACERVO_TAG%)
call %COMPOSE% %FLAGS% up -d
if errorlevel 1 exit /b 1
call :wait_healthy %RAG%
if errorlevel 1 exit /b 1
call :wait_healthy %API%
if errorlevel 1 exit /b 1
goto status

:stop
echo == stopping: what is being done is finished first
call %COMPOSE% %FLAGS% stop
exit /b %ERRORLEVEL%

:restart
if "%ARGUMENT%"=="" (
    call %COMPOSE% %FLAGS% restart
    exit /b !ERRORLEVEL!
)
call :service "%ARGUMENT%"
if errorlevel 1 exit /b 1
call %COMPOSE% %FLAGS% restart %SERVICE%
exit /b %ERRORLEVEL%

:status
call %COMPOSE% %FLAGS% ps
exit /b %ERRORLEVEL%

:logs
set "SERVICE="
if not "%ARGUMENT%"=="" call :service "%ARGUMENT%"
if errorlevel 1 exit /b 1
call %COMPOSE% %FLAGS% logs -f --tail=100 %SERVICE%
exit /b %ERRORLEVEL%

:update
set "OLD=%ACERVO_TAG%"
if not "%ARGUMENT%"=="" (
    set "NEW=%ARGUMENT%"
    set "ACERVO_TAG=%ARGUMENT%"
    echo == fetching %ARGUMENT%
    call %COMPOSE% %FLAGS% pull %RAG% %API%
) else (
    call git pull --ff-only
    call :checked_out
    set "NEW=!TAG!"
    set "ACERVO_TAG=!TAG!"
    echo == building !TAG!
    call %COMPOSE% %FLAGS% build
)
if errorlevel 1 exit /b 1
rem With the images that run now: what is packed belongs to them.
set "ACERVO_TAG=%OLD%"
set "ARGUMENT="
call :backup
if errorlevel 1 exit /b 1
set "ACERVO_TAG=%NEW%"
call :switch
if errorlevel 1 (
    echo == %NEW% does not start: going back to %OLD%
    set "ACERVO_TAG=%OLD%"
    call :switch
    exit /b 1
)
call :remember_tag %NEW%
echo == updated to %NEW%; scripts\deploy.bat rollback goes back
exit /b 0

:rollback
if not exist .deploy\previous (
    echo error: there is nothing to go back to: no update was made here 1>&2
    exit /b 1
)
set /p PREVIOUS=<.deploy\previous
echo == going back to %PREVIOUS%
set "ACERVO_TAG=%PREVIOUS%"
call :switch
if errorlevel 1 exit /b 1
call :remember_tag %PREVIOUS%
exit /b 0

:backup
set "FOLDER=%ARGUMENT%"
if "%FOLDER%"=="" call :new_folder
if not exist "%FOLDER%" mkdir "%FOLDER%"
echo == stopping the servers
call %COMPOSE% %FLAGS% stop %API% %OTHERS% %RAG%
set "WHOLE=1"
echo == packing rag_data
call %COMPOSE% %FLAGS% run --rm --no-deps -T --entrypoint tar %RAG% -C %DATA% -czf - . >"%FOLDER%\rag_data.tar.gz"
if errorlevel 1 set "WHOLE=0"
echo == packing api_data
call %COMPOSE% %FLAGS% run --rm --no-deps -T --entrypoint tar %API% -C %DATA% -czf - . >"%FOLDER%\api_data.tar.gz"
if errorlevel 1 set "WHOLE=0"
if "%POSTGRES%"=="1" (
    echo == packing postgres
    call %COMPOSE% %FLAGS% exec -T postgres pg_dump --username acervo --format custom acervo >"%FOLDER%\postgres.dump"
    if errorlevel 1 set "WHOLE=0"
)
call :switch
if errorlevel 1 set "WHOLE=0"
if "%WHOLE%"=="0" (
    echo error: the backup in %FOLDER% is not whole 1>&2
    exit /b 1
)
echo == packed into %FOLDER%; .env is not in it: keep its secrets elsewhere
exit /b 0

:cleanup
if not "%ARGUMENT%"=="--data" (
    call %COMPOSE% %FLAGS% down --remove-orphans
    exit /b !ERRORLEVEL!
)
set "ANSWER="
set /p ANSWER=This removes every account, material and index. Type 'delete' to go on: 
if not "%ANSWER%"=="delete" (
    echo error: nothing was removed 1>&2
    exit /b 1
)
call %COMPOSE% %FLAGS% down --remove-orphans --volumes
exit /b %ERRORLEVEL%

rem --- what the commands are made of -----------------------------------------------------------------------------

:find_compose
call docker info >nul 2>&1
if errorlevel 1 (
    echo error: Docker does not answer: install and start Docker Desktop 1>&2
    exit /b 1
)
set "COMPOSE=docker compose"
call docker compose version >nul 2>&1
if not errorlevel 1 exit /b 0
set "COMPOSE=docker-compose"
call docker-compose version >nul 2>&1
if not errorlevel 1 exit /b 0
echo error: Docker Compose is missing: install version 2 or newer 1>&2
exit /b 1

:check
if exist .env exit /b 0
echo == writing random secrets to .env
call :random
if errorlevel 1 exit /b 1
>.env echo SERVICE_SECRET=%SECRET%
call :random
if errorlevel 1 exit /b 1
>>.env echo JWT_SECRET_KEY=%SECRET%
>>.env echo COMPOSE_PROFILES=%ACERVO_PROFILES: =,%
exit /b 0

:random
set "SECRET="
for /f "usebackq delims=" %%s in (`powershell -NoProfile -Command "$b = New-Object byte[] 48; [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($b); [Convert]::ToBase64String($b)"`) do set "SECRET=%%s"
if "%SECRET%"=="" (
    echo error: PowerShell is missing: write SERVICE_SECRET and JWT_SECRET_KEY to .env yourself, 48 random bytes each 1>&2
    exit /b 1
)
exit /b 0

:use_tag
set "ACERVO_TAG=latest"
if exist .deploy\current set /p ACERVO_TAG=<.deploy\current
exit /b 0

:checked_out
set "TAG=local"
for /f "delims=" %%t in ('git rev-parse --short^=12 HEAD 2^>nul') do set "TAG=%%t"
exit /b 0

:remember_tag
if not exist .deploy mkdir .deploy
set "CURRENT="
if exist .deploy\current set /p CURRENT=<.deploy\current
if "%CURRENT%"=="%~1" exit /b 0
if not "%CURRENT%"=="" >.deploy\previous echo %CURRENT%
>.deploy\current echo %~1
exit /b 0

:new_folder
set "STAMP=%DATE%-%TIME%"
set "STAMP=%STAMP:/=%"
set "STAMP=%STAMP::=%"
set "STAMP=%STAMP: =%"
set "STAMP=%STAMP:.=%"
set "STAMP=%STAMP:,=%"
set "FOLDER=backups\%STAMP%"
exit /b 0

:service
set "SERVICE="
if "%~1"=="rag" set "SERVICE=%RAG%"
if "%~1"=="api" set "SERVICE=%API%"
if "%~1"=="worker" set "SERVICE=api-worker"
if "%~1"=="scheduler" set "SERVICE=api-scheduler"
if "%~1"=="redis" set "SERVICE=redis"
if not "%SERVICE%"=="" exit /b 0
echo error: %~1 is none of rag, api, worker, scheduler, redis 1>&2
exit /b 1

:switch
call %COMPOSE% %FLAGS% up -d --no-deps redis
if errorlevel 1 exit /b 1
call %COMPOSE% %FLAGS% up -d --no-deps %RAG%
if errorlevel 1 exit /b 1
call :wait_healthy %RAG%
if errorlevel 1 exit /b 1
call %COMPOSE% %FLAGS% up -d --no-deps %API%
if errorlevel 1 exit /b 1
call :wait_healthy %API%
if errorlevel 1 exit /b 1
if "%OTHERS%"=="" exit /b 0
call %COMPOSE% %FLAGS% up -d --no-deps %OTHERS%
exit /b %ERRORLEVEL%

:wait_healthy
echo == waiting for %~1
set /a LEFT=%ACERVO_WAIT%
:wait_again
set "ID="
for /f "delims=" %%i in ('%COMPOSE% %FLAGS% ps -q %~1') do set "ID=%%i"
set "HEALTH=absent"
if not "%ID%"=="" for /f "delims=" %%h in ('docker inspect --format "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}" %ID%') do set "HEALTH=%%h"
if "%HEALTH%"=="healthy" exit /b 0
if "%HEALTH%"=="running" exit /b 0
set /a LEFT-=1
if %LEFT% LEQ 0 (
    echo == %~1 is %HEALTH%; its last lines:
    call %COMPOSE% %FLAGS% logs --tail=30 %~1
    exit /b 1
)
ping -n 2 127.0.0.1 >nul
goto wait_again
