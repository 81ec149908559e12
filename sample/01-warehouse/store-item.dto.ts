import { IsInt, IsString, Length, Max, Min } from 'class-validator';

/** What a client stores: a Python dict, checked by Nest's ValidationPipe. */
export class StoreItemDto {
  @IsString()
  @Length(1, 40)
  name!: string;

  @IsInt()
  @Min(1)
  @Max(100)
  quantity!: number;
}
