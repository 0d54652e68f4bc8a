select app, day, count(*) as row_count, sum(devices) as devices
from {{ source('rollups', 'sessions_daily') }}
where day in (select first_day from {{ ref('complete') }} where table_name = 'sessions_daily')
group by app, day
